// The peer on Node: grammY's own webhook handler, session in memory, nothing kept.
//
//   node grammy_bot.cjs PORT API_BASE SECRET     (beside a node_modules that holds grammy)

const http = require("node:http");
const { Bot, session, webhookCallback } = require("grammy");

const [port, apiRoot, secretToken] = process.argv.slice(2);
const bot = new Bot("42:TEST", { client: { apiRoot } });

bot.use(session({ initial: () => ({ last: "" }) }));

// Remember what was said and say it again, as any small bot does.
bot.on("message:text", async (context) => {
  context.session.last = context.message.text;
  await context.reply(`You said: ${context.message.text}`);
});

http.createServer(webhookCallback(bot, "http", { secretToken })).listen(Number(port), "127.0.0.1");
