// Opens the payment sheet of WeChat's own client: at once, and again for whoever closed it and taps the button.
const button = document.querySelector("[data-sheet]");

function open() {
  WeixinJSBridge.invoke("getBrandWCPayRequest", JSON.parse(button.dataset.sheet), (answer) => {
    if (answer.err_msg === "get_brand_wcpay_request:ok") location.replace(button.dataset.paid);
  });
}

function ready() {
  button.addEventListener("click", open);
  open();
}

if (window.WeixinJSBridge) ready();
else document.addEventListener("WeixinJSBridgeReady", ready, { once: true });
