"""What Shopify is asked, each query within the 1,000 points that one may cost.

A page has the first variants of a product and the first places of each; of a product that has more the rest is asked
for by itself. Source: shopify.dev/docs/api/admin-graphql
"""

from __future__ import annotations

#: Products of a page, variants of each and places of each that come with it; pictures of each.
PAGE, VARIANTS, LEVELS, PICTURES = 10, 4, 4, 10
#: The same where a product is asked for by itself.
MORE, ALL_LEVELS = 25, 10
#: Ids of one call.
MOST = 250
#: Lines of what was sent at once.
LINES = 50

_VARIANT = """
fragment V on ProductVariant {
  id sku barcode price compareAtPrice inventoryPolicy
  selectedOptions { name value }
  inventoryItem {
    tracked
    inventoryLevels(first: %d) {
      pageInfo { hasNextPage endCursor }
      nodes { location { id } quantities(names: ["available"]) { name quantity } }
    }
  }
}
"""
_PRODUCT = """
fragment P on Product {
  id title descriptionHtml productType status updatedAt hasOnlyDefaultVariant
  options { name }
  media(first: %d, sortKey: POSITION) { nodes { preview { image { url } } } }
}
"""
_FIRST = "variants(first: %d) { pageInfo { hasNextPage } nodes { ...V } }" % VARIANTS  # noqa: UP031 - has braces

SHOP = "query Shop { shop { name myshopifyDomain currencyCode } }"
PLACES = "query Places { locations(first: 250, includeInactive: true) { nodes { id name isActive } } }"
PRODUCTS = (
    "query Products($first: Int!, $after: String, $changed: String) {"
    " products(first: $first, after: $after, query: $changed, sortKey: UPDATED_AT) {"
    " pageInfo { hasNextPage endCursor } nodes { ...P " + _FIRST + " } } }" + _PRODUCT % PICTURES + _VARIANT % LEVELS
)
PRODUCT = "query Product($id: ID!) { product(id: $id) { ...P } }" + _PRODUCT % PICTURES
MORE_VARIANTS = (
    "query Variants($id: ID!, $first: Int!, $after: String) { product(id: $id) {"
    " variants(first: $first, after: $after) { pageInfo { hasNextPage endCursor } nodes { ...V } } } }"
    + _VARIANT
    % ALL_LEVELS
)
#: Where a variant lies that lies at more places than come along with it.
LEVELS_OF = (
    "query Levels($id: ID!, $first: Int!, $after: String) { productVariant(id: $id) { inventoryItem {"
    " inventoryLevels(first: $first, after: $after) { pageInfo { hasNextPage endCursor }"
    ' nodes { location { id } quantities(names: ["available"]) { name quantity } } } } } }'
)
BRIEF = (
    "query Every($first: Int!, $after: String) { products(first: $first, after: $after, sortKey: ID) {"
    " pageInfo { hasNextPage endCursor } nodes { id updatedAt } } }"
)
SUBSCRIPTIONS = "query Subscriptions { webhookSubscriptions(first: 100) { nodes { id topic uri } } }"
SUBSCRIBE = (
    "mutation Subscribe($topic: WebhookSubscriptionTopic!, $to: WebhookSubscriptionInput!) {"
    " webhookSubscriptionCreate(topic: $topic, webhookSubscription: $to) { userErrors { field message } } }"
)
FIND = (
    "query Find($by: String!) { orders(first: 10, query: $by) {"
    " nodes { id tags totalPriceSet { shopMoney { amount } } } } }"
)
ORDER = (
    "query Order($id: ID!) { order(id: $id) { id cancelledAt displayFinancialStatus displayFulfillmentStatus"
    " totalRefundedSet { shopMoney { amount currencyCode } }"
    " fulfillments(first: 250) { id status } } }"  # a list that cannot be read on
)
SENT = (
    "query Sent($id: ID!, $first: Int!, $after: String) { fulfillment(id: $id) {"
    " trackingInfo(first: 10) { company number url }"
    " fulfillmentLineItems(first: $first, after: $after) { pageInfo { hasNextPage endCursor }"
    " nodes { quantity lineItem { variant { id } } } } } }"
)
PUSH = (
    "mutation Push($order: OrderCreateOrderInput!, $options: OrderCreateOptionsInput) {"
    " orderCreate(order: $order, options: $options) { userErrors { field message }"
    " order { id totalPriceSet { shopMoney { amount } } } } }"
)
PAY = "mutation Pay($input: OrderMarkAsPaidInput!) { orderMarkAsPaid(input: $input) { userErrors { field message } } }"
CANCEL = (
    "mutation Cancel($id: ID!) { orderCancel(orderId: $id, reason: OTHER, restock: true, notifyCustomer: false) {"
    " orderCancelUserErrors { field message } } }"
)
