"""What Parley asks of Shopify's Admin API, in the API's own types: a query that names anything else is refused.

https://shopify.dev/docs/api/admin-graphql/2026-07
"""

from __future__ import annotations

from graphql import build_schema

SCHEMA = build_schema("""
directive @idempotent(key: String!) on FIELD
scalar DateTime
scalar Money
scalar HTML
scalar URL
type PageInfo { hasNextPage: Boolean! endCursor: String }
enum ProductSortKeys { ID TITLE UPDATED_AT CREATED_AT }
enum ProductStatus { ACTIVE ARCHIVED DRAFT UNLISTED }
enum ProductVariantInventoryPolicy { DENY CONTINUE }
enum CurrencyCode { EUR USD CNY JPY KWD }
type Shop { id: ID! name: String! myshopifyDomain: String! currencyCode: CurrencyCode! }
type Location { id: ID! name: String! isActive: Boolean! }
type LocationConnection { nodes: [Location!]! pageInfo: PageInfo! }
type InventoryQuantity { name: String! quantity: Int! }
type InventoryLevel { id: ID! location: Location! quantities(names: [String!]!): [InventoryQuantity!]! }
type InventoryLevelConnection { nodes: [InventoryLevel!]! pageInfo: PageInfo! }
type InventoryItem { id: ID! tracked: Boolean! inventoryLevels(first: Int, after: String): InventoryLevelConnection! }
type SelectedOption { name: String! value: String! }
type ProductVariant {
  id: ID! sku: String barcode: String title: String! price: Money! compareAtPrice: Money
  inventoryPolicy: ProductVariantInventoryPolicy! selectedOptions: [SelectedOption!]! inventoryItem: InventoryItem!
}
type ProductVariantConnection { nodes: [ProductVariant!]! pageInfo: PageInfo! }
type ProductOption { id: ID! name: String! }
type Image { url: URL! }
type MediaPreviewImage { image: Image }
type Media { id: ID! preview: MediaPreviewImage }
type MediaConnection { nodes: [Media!]! pageInfo: PageInfo! }
enum ProductMediaSortKeys { ID POSITION }
type Product {
  id: ID! title: String! handle: String! descriptionHtml: HTML! productType: String! status: ProductStatus!
  updatedAt: DateTime! hasOnlyDefaultVariant: Boolean! options: [ProductOption!]! featuredMedia: Media
  variants(first: Int, after: String): ProductVariantConnection!
  media(first: Int, after: String, sortKey: ProductMediaSortKeys): MediaConnection!
}
type ProductConnection { nodes: [Product!]! pageInfo: PageInfo! }
enum WebhookSubscriptionTopic {
  PRODUCTS_CREATE PRODUCTS_UPDATE PRODUCTS_DELETE ORDERS_CREATE ORDERS_UPDATED ORDERS_CANCELLED ORDERS_DELETE
  ORDERS_FULFILLED DRAFT_ORDERS_UPDATE
  FULFILLMENTS_CREATE FULFILLMENTS_UPDATE REFUNDS_CREATE APP_UNINSTALLED
}
enum WebhookSubscriptionFormat { JSON XML }
type WebhookSubscription { id: ID! topic: WebhookSubscriptionTopic! uri: String! }
type WebhookSubscriptionConnection { nodes: [WebhookSubscription!]! pageInfo: PageInfo! }
input WebhookSubscriptionInput { uri: String format: WebhookSubscriptionFormat }
type UserError { field: [String!] message: String! }
type WebhookSubscriptionCreatePayload { userErrors: [UserError!]! webhookSubscription: WebhookSubscription }
scalar Decimal
enum OrderCreateFinancialStatus { AUTHORIZED EXPIRED PAID PARTIALLY_PAID PENDING REFUNDED VOIDED }
enum OrderCreateInputsInventoryBehavior { BYPASS DECREMENT_IGNORING_POLICY DECREMENT_OBEYING_POLICY }
enum OrderCancelReason { CUSTOMER DECLINED FRAUD INVENTORY OTHER STAFF }
input MoneyInput { amount: Decimal! currencyCode: CurrencyCode! }
input MoneyBagInput { shopMoney: MoneyInput! presentmentMoney: MoneyInput }
input OrderCreateLineItemInput { variantId: ID title: String quantity: Int! priceSet: MoneyBagInput }
enum CountryCode { AU CN DE GB US }
input MailingAddressInput {
  firstName: String lastName: String address1: String address2: String city: String provinceCode: String zip: String
  countryCode: CountryCode phone: String
}
input OrderCreateTaxLineInput { title: String! rate: Decimal! priceSet: MoneyBagInput channelLiable: Boolean }
input OrderCreateShippingLineInput {
  title: String! code: String source: String priceSet: MoneyBagInput! taxLines: [OrderCreateTaxLineInput!]
}
input OrderCreateFixedDiscountCodeAttributesInput { code: String! amountSet: MoneyBagInput }
input OrderCreatePercentageDiscountCodeAttributesInput { code: String! percentage: Float }
input OrderCreateDiscountCodeInput {
  itemFixedDiscountCode: OrderCreateFixedDiscountCodeAttributesInput
  itemPercentageDiscountCode: OrderCreatePercentageDiscountCodeAttributesInput
}
input OrderCreateOrderInput {
  taxLines: [OrderCreateTaxLineInput!] taxesIncluded: Boolean shippingLines: [OrderCreateShippingLineInput!]
  discountCode: OrderCreateDiscountCodeInput
  currency: CurrencyCode lineItems: [OrderCreateLineItemInput!] financialStatus: OrderCreateFinancialStatus
  tags: [String!] sourceIdentifier: String note: String shippingAddress: MailingAddressInput
}
input OrderCreateOptionsInput { inventoryBehaviour: OrderCreateInputsInventoryBehavior sendReceipt: Boolean }
type MoneyV2 { amount: Decimal! currencyCode: CurrencyCode! }
type MoneyBag { shopMoney: MoneyV2! presentmentMoney: MoneyV2! }
enum OrderDisplayFulfillmentStatus {
  FULFILLED IN_PROGRESS ON_HOLD OPEN PARTIALLY_FULFILLED PENDING_FULFILLMENT REQUEST_DECLINED RESTOCKED SCHEDULED
  UNFULFILLED
}
enum FulfillmentStatus { CANCELLED ERROR FAILURE SUCCESS }
type FulfillmentTrackingInfo { company: String number: String url: URL }
type LineItem { id: ID! variant: ProductVariant }
type FulfillmentLineItem { id: ID! quantity: Int lineItem: LineItem! }
type FulfillmentLineItemConnection { nodes: [FulfillmentLineItem!]! pageInfo: PageInfo! }
type Fulfillment {
  id: ID! status: FulfillmentStatus! trackingInfo(first: Int): [FulfillmentTrackingInfo!]!
  fulfillmentLineItems(first: Int, after: String): FulfillmentLineItemConnection!
}
enum OrderTransactionKind { AUTHORIZATION CAPTURE CHANGE EMV_AUTHORIZATION REFUND SALE SUGGESTED_REFUND VOID }
enum OrderTransactionStatus { AWAITING_RESPONSE ERROR FAILURE PENDING SUCCESS UNKNOWN }
type OrderTransaction {
  id: ID! kind: OrderTransactionKind! status: OrderTransactionStatus! gateway: String processedAt: DateTime
  amountSet: MoneyBag!
}
type Refund { id: ID note: String totalRefundedSet: MoneyBag! }
input OrderTransactionInput {
  amount: Money! gateway: String! kind: OrderTransactionKind! orderId: ID! parentId: ID
}
input RefundInput {
  orderId: ID! note: String notify: Boolean currency: CurrencyCode transactions: [OrderTransactionInput!]
}
type RefundCreatePayload { userErrors: [UserError!]! refund: Refund }
enum OrderDisplayFinancialStatus {
  AUTHORIZED EXPIRED PAID PARTIALLY_PAID PARTIALLY_REFUNDED PENDING REFUNDED VOIDED
}
enum DraftOrderStatus { COMPLETED INVOICE_SENT OPEN }
enum DraftOrderAppliedDiscountType { FIXED_AMOUNT PERCENTAGE }
input DraftOrderAppliedDiscountInput {
  title: String description: String value: Float! valueType: DraftOrderAppliedDiscountType!
  amountWithCurrency: MoneyInput
}
input ShippingLineInput { title: String shippingRateHandle: String priceWithCurrency: MoneyInput }
input DraftOrderLineItemInput {
  variantId: ID title: String quantity: Int! priceOverride: MoneyInput originalUnitPriceWithCurrency: MoneyInput
  taxable: Boolean requiresShipping: Boolean
}
input DraftOrderInput {
  lineItems: [DraftOrderLineItemInput!] presentmentCurrencyCode: CurrencyCode taxExempt: Boolean
  acceptAutomaticDiscounts: Boolean allowDiscountCodesInCheckout: Boolean tags: [String!] note: String
  shippingAddress: MailingAddressInput shippingLine: ShippingLineInput
  appliedDiscount: DraftOrderAppliedDiscountInput reserveInventoryUntil: DateTime
}
input DraftOrderDeleteInput { id: ID! }
type DraftOrder {
  id: ID! status: DraftOrderStatus! invoiceUrl: URL tags: [String!]! totalPriceSet: MoneyBag! order: Order
}
type DraftOrderConnection { nodes: [DraftOrder!]! pageInfo: PageInfo! }
type DraftOrderCreatePayload { userErrors: [UserError!]! draftOrder: DraftOrder }
type DraftOrderDeletePayload { userErrors: [UserError!]! deletedId: ID }
type Order {
  displayFinancialStatus: OrderDisplayFinancialStatus totalReceivedSet: MoneyBag! refunds(first: Int): [Refund!]!
  transactions(first: Int): [OrderTransaction!]!
  id: ID! name: String! tags: [String!]! cancelledAt: DateTime
  displayFulfillmentStatus: OrderDisplayFulfillmentStatus! totalRefundedSet: MoneyBag! totalPriceSet: MoneyBag!
  fulfillments(first: Int): [Fulfillment!]!
}
type OrderConnection { nodes: [Order!]! pageInfo: PageInfo! }
type OrderCreatePayload { userErrors: [UserError!]! order: Order }
input OrderMarkAsPaidInput { id: ID! }
type OrderMarkAsPaidPayload { userErrors: [UserError!]! order: Order }
type OrderCancelPayload { orderCancelUserErrors: [UserError!]! }
type Mutation {
  draftOrderCreate(input: DraftOrderInput!): DraftOrderCreatePayload
  draftOrderDelete(input: DraftOrderDeleteInput!): DraftOrderDeletePayload
  refundCreate(input: RefundInput!): RefundCreatePayload
  orderCreate(order: OrderCreateOrderInput!, options: OrderCreateOptionsInput): OrderCreatePayload
  orderMarkAsPaid(input: OrderMarkAsPaidInput!): OrderMarkAsPaidPayload
  orderCancel(
    orderId: ID!, reason: OrderCancelReason!, restock: Boolean!, notifyCustomer: Boolean
  ): OrderCancelPayload
  webhookSubscriptionCreate(
    topic: WebhookSubscriptionTopic!, webhookSubscription: WebhookSubscriptionInput!
  ): WebhookSubscriptionCreatePayload
}
type Query {
  fulfillment(id: ID!): Fulfillment
  draftOrder(id: ID!): DraftOrder
  draftOrders(first: Int, after: String, query: String): DraftOrderConnection!
  order(id: ID!): Order
  orders(first: Int, after: String, query: String): OrderConnection!
  webhookSubscriptions(first: Int, after: String): WebhookSubscriptionConnection!
  shop: Shop!
  locations(first: Int, includeInactive: Boolean): LocationConnection!
  product(id: ID!): Product
  productVariant(id: ID!): ProductVariant
  products(first: Int, after: String, query: String, sortKey: ProductSortKeys): ProductConnection!
}
""")
