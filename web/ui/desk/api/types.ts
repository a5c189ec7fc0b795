/** What the desk and the server say to each other, as docs/web-api.md writes it. */

export type Money = { amount: number; currency: string; text: string };
export type Channel = string;
export type Role = "agent" | "manager" | "admin";

export type Attachment = {
  id: number;
  kind: "image" | "audio" | "video" | "file";
  name: string;
  media_type: string;
  size: number;
  state: "pending" | "stored" | "failed";
  width: number;
  height: number;
  url: string;
  thumb: string;
};
/** `state` is set for a link to pay that was paid, or cannot be paid any more. */
export type Button = { label: string; data: string; url: string; style: "" | "primary" | "danger"; state: "" | "done" | "over" };
export type Card = { title: string; text: string; price: string; image: Attachment | null; buttons: Button[] };
export type Summary = { title: string; lines: { label: string; amount: string }[]; total: string };
export type Author = "customer" | "bot" | "staff" | "note" | "event";
/** `held`: the platform lets it go only once the customer writes; `quiet`: it waits for the end of their quiet hours. */
export type Delivery = "" | "queued" | "held" | "quiet" | "sent" | "delivered" | "read" | "failed";
export type Message = {
  seq: number;
  id: string;
  author: Author;
  name: string;
  at: string;
  text: string;
  buttons: Button[];
  cards: Card[];
  summary: Summary | null;
  files: Attachment[];
  input: "" | "text" | "choice" | "stars" | "confirm" | "files";
  delivery: Delivery;
  error: string;
  /** What the customer did to it since. */
  changed: "" | "edited" | "deleted";
  /** Of the event "edited": what stood there before. */
  was: string;
};
/** One of all that was said with a person, in whichever app. */
export type Said = Message & { conversation_id: number; channel: Channel };

export type Owner = { id: number; name: string };
/** The newest message of a conversation with the words that were looked for; `before`, `found` and `after` are a piece of it. */
export type Match = { seq: number; author: Author; at: string; before: string; found: string; after: string };
/** `match` comes from a search alone; null when the words are in a name or the number of an order. */
export type Row = {
  id: number;
  name: string;
  account: string;
  channel: Channel;
  last_text: string;
  last_author: string;
  last_at: string;
  unread: number;
  owner: Owner | null;
  waiting_since: string | null;
  /** A person answers in the platform's own client, and the bot is silent until then. */
  elsewhere_until: string | null;
  reason: string;
  priority: number;
  attention: string;
  closed: boolean;
  contact_id: number;
  /** The conversation in another app where the customer went on. */
  continues_in: number | null;
  /** Grows with every change: of two copies the one with more is the later. */
  version: number;
  match?: Match | null;
};

export type ConsentKind = "orders" | "reminders" | "news";
/** `way` says how it was given or taken back, "" for whoever never said anything; `said` is the question, the word, or why. */
export type Consent = { kind: ConsentKind; given: boolean; way: "" | "asked" | "word" | "switch" | "staff"; said: string; at: string | null };
export type Identity = {
  id: number;
  account: string;
  channel: Channel;
  external_id: string;
  name: string;
  reachable: boolean;
  /** The thread with it. */
  conversation_id: number | null;
  consents: Consent[];
};
/** Two addresses of a person: what one was shown was entered at the other. */
export type Proof = { id: number; asked_id: number; entered_id: number; made_at: string };
/** Of its pieces `cancelled` ones are not sent any more. */
export type OrderLine = { name: string; sku: string; quantity: number; price: Money; cancelled: number };
export type OrderRow = {
  id: number;
  number: string;
  state: string;
  total: Money;
  created_at: string;
  contact_id: number;
  name: string;
  account: string;
  channel: Channel;
  conversation_id: number | null;
  paid_at: string | null;
  /** What went back of what was paid. */
  refunded: Money | null;
  lines: OrderLine[];
  /** What leads on from its state, and what somebody of the staff must be for it; `why`: only with a reason. */
  steps: { name: OrderStep; role: Role; why: boolean }[];
};
/** How the customer was told of a step of an order: the message, and whether it left as the platform's template. */
export type StepTold = {
  conversation_id: number;
  account: string;
  channel: Channel;
  delivery: Delivery;
  error: string;
  template: boolean;
};
export type OrderEvent = { from: string; to: string; actor: string; note: string; at: string; told: StepTold | null; what: "" | "changed" | "shipped" | "cancelled" | "tracked" };
export type Payment = {
  id: number;
  provider: string;
  reference: string;
  amount: Money;
  state: string;
  /** Minor units that the provider took. */
  captured: number;
  refunded: number;
  /** The same as money; null for nothing. */
  taken: Money | null;
  /** What may still be given back; null for nothing. */
  left: Money | null;
  /** Staff confirm what came; no provider tells of it. */
  by_hand: boolean;
  created_at: string;
  refunds: Refund[];
};
export type Refund = {
  id: number;
  amount: Money;
  state: string;
  reason: string;
  error: string;
  staff_id: number | null;
  at: string;
};
export type Order = OrderRow & {
  phone: string;
  address: string;
  parts: Parts | null;
  /** "" where nobody asked. */
  country: string;
  /** What the customer wants us to know. */
  note: string;
  /** What staff wrote down, for each other. */
  notes: { staff_id: number | null; text: string; at: string }[];
  version: number;
  events: OrderEvent[];
  /** What it costs besides its goods. */
  charges: Charge[];
  payments: Payment[];
  parcels: SentParcel[];
  left: LeftLine[]; cost: Cost;
};
/** `name` is the code, the method or the country; one that is included in the prices adds nothing to the total. */
export type Charge = { kind: "cancelled" | "discount" | "shipping" | "tax"; name: string; title: string; rate: string; amount: Money; included: boolean };
/** A variant that staff can put into an order; `available` are free at this moment. */
export type Choice = { sku: string; name: string; price: Money; available: number };
/** The parts of an address that are there, by name. */
export type Parts = Record<string, string>;
/** `parts`: null where it is one text. */
export type Where = { name: string; phone: string; address: string; parts: Parts | null };
/** How a country writes its addresses, and what could be read of one. */
export type AddressForm = {
  fields: { name: string; label: string; required: boolean; example: string; options: { value: string; name: string }[] }[];
  parts: Parts;
};
export type SaleForm = { addresses: (Where & { country: string })[]; countries: string[]; codes: boolean };
export type Terms = { lines: { sku: string; quantity: number }[]; country: string; method: string; code: string };
export type Quote = {
  lines: { sku: string; name: string; quantity: number; price: Money; subtotal: Money }[];
  charges: Charge[];
  total: Money;
  methods: { name: string; title: string }[];
  method: string;
};
export type Sale = Terms & Where & { note: string; key: string; agreed: number };
export type OrderChange = Terms & Where & { reason: string; version: number; agreed: number };
/** `told`: the customer is told of it now; if not, `why` not, and `link` is the order's page. */
export type SentOrder = { order: Order; link: string; told: boolean; why: string };
/** What an order left as; each part may be unknown (""). */
export type Parcel = { carrier: string; number: string; url: string };
/** With what is in it; nobody knows what is in one without lines. */
export type SentParcel = Parcel & { lines: { sku: string; name: string; quantity: number }[] };
/** Pieces that may be sent or cancelled. */
export type LeftLine = { line: number; sku: string; name: string; quantity: number; price: Money };
/** What an order costs by its goods, in minor units: those that it was priced with, and those that were not cancelled. */
export type Cost = { goods: number; off: number; shipping: number; rates: number[]; kept: number };
export type Pieces = { line: number; quantity: number };
export type OrderStep = "pack" | "ship" | "deliver" | "complete" | "cancel" | "cancel_part" | "return" | "refund";
/** What is said of a step; `restock`: what came back can be sold again; `version` was seen, and `key` names the click. */
export type Doing = Partial<Parcel> & {
  note?: string;
  restock?: boolean;
  pieces?: Pieces[];
  keep_money?: boolean;
  version?: number;
  key?: string;
};
export type ReviewRow = {
  id: number;
  stars: number;
  text: string;
  state: string;
  created_at: string;
  display_name: string;
  /** Null of one in a connected shop whose writer is not known here. */
  contact_id: number | null;
  order: string | null;
  product: string | null;
  photos: Attachment[];
  conversation_id: number | null;
  /** The connected shop in which it was written; "" for one of ours. */
  store: string;
};
/** `sender` is the name of the member of staff who sent it. */
export type PersonFile = Attachment & { at: string; conversation_id: number; seq: number; author: Author; sender: string };
export type Person = {
  id: number;
  name: string;
  phone: string;
  email: string;
  locale: string;
  created_at: string;
  /** Empty: the shop's. */
  timezone: string;
  /** The ids of all contacts that are this person: orders and reviews name theirs. */
  members: number[];
  identities: Identity[];
  proofs: Proof[];
  orders: OrderRow[];
  reviews: ReviewRow[];
  files: PersonFile[];
  conversations: Row[];
  totals: { orders: number; spent: Money | null; reviews: number };
};
export type ContactRow = {
  id: number;
  /** Empty while nobody knows it. */
  name: string;
  phone: string;
  email: string;
  locale: string;
  created_at: string;
  channels: Channel[];
};

export type Staff = {
  id: number;
  login: string;
  name: string;
  role: Role;
  locale: string;
  timezone: string;
  must_change_password: boolean;
  active?: boolean;
};
export type Limits = { text: number; files: number; file_bytes: number; image_bytes: number };
export type Me = { staff: Staff; csrf: string; colleagues: Staff[]; shop: { name: string; color: string }; limits: Limits };

export type Filter = "all" | "mine" | "waiting" | "bot" | "attention";
/** `books` for managers: differences with the books of providers. */
export type Counts = Partial<Record<Filter | "books", number>>;
/** In another conversation of the same person, or once the customer writes; in the order of what is better. */
export type Instead = { kind: "other" | "write" | "morning"; conversation_id: number | null; account: string; channel: Channel };
/** `why` is a sentence; `until` is when the window closes and `left` how many messages fit in, null without a limit. */
export type CanSend = {
  ok: boolean;
  why: string;
  until: string | null;
  left: number | null;
  how: "" | "answer" | "template" | "person";
  instead: Instead[];
};
export type Opened = {
  row: Row;
  messages: Message[];
  more: boolean;
  dialog: { title: string; question: string } | null;
  can_send: CanSend;
  contact: Person;
};
export type Page<T> = { items: T[]; next: string | null };

export type Run = {
  id: number;
  report: string;
  slot: string;
  period_start: string;
  period_end: string;
  timezone: string;
  state: "due" | "running" | "done" | "failed";
  progress: string;
  error: string;
  created_at: string;
  finished_at: string | null;
};
export type Sub = {
  id: number;
  report: string;
  cron: string;
  timezone: string;
  next_at: string | null;
  staff: string;
  conversation: { id: number; name: string; channel: Channel };
};
/** A ready-made reply: what is typed after the slash, and what comes of it. */
export type Canned = { name: string; text: string };
/** `version` is "" while the team has none of its own. */
export type CannedList = { items: Canned[]; version: string };
/** One of the reader's own chats. */
export type LinkedChat = {
  id: number;
  name: string;
  account: string;
  channel: Channel;
  reachable: boolean;
  conversation_id: number | null;
  /** Reports that come there regularly. */
  subscriptions: number;
};
export type Report = {
  name: string;
  title: string;
  description: string;
  next_at: string | null;
  last: Run | null;
  subscriptions: Sub[];
};
export type Unit = "money" | "count" | "stars" | "seconds" | "percent";
export type Chart = {
  kind: "bar" | "line" | "hbar";
  title: string;
  x: string[];
  series: { name: string; values: number[] }[];
  unit: Unit;
  currency?: string;
};
export type Cell = string | number | null;
export type ReportTable = { title: string; columns: { name: string; unit: Unit | "" | "text" }[]; rows: Cell[][] };
export type Headline = { label: string; value: string; change: string };
export type Result = { title: string; period: string; headline: Headline[]; charts: Chart[]; tables: ReportTable[] };
export type RunPage = { run: Run; result: Result | null; picture: string; sheet: string };

export type Bought = "" | "yes" | "no";
export type Audience = { accounts: string[]; language: string; bought: Bought };
export type NewsCounts = Record<"planned" | "waiting" | "sent" | "delivered" | "read" | "failed" | "unsubscribed", number>;
/** News of the shop to many; whoever is `planned` and counted nowhere else was left out, or is about to be told. */
export type Broadcast = Audience & {
  id: number;
  text: string;
  picture: Attachment | null;
  label: string;
  command: string;
  state: "scheduled" | "running" | "stopped" | "done";
  send_at: string;
  created_at: string;
  ended_at: string | null;
  staff: string;
  counts: NewsCounts;
};
export type NewsChoices = {
  accounts: { account: string; channel: Channel }[];
  languages: string[];
  commands: { name: string; title: string }[];
};
/** Of `all` who are meant, how many get it now, by a template, in the morning, or not; `more` than were looked at. */
export type NewsPreview = {
  all: number;
  now: number;
  template: number;
  later: number;
  not: { code: string; text: string; count: number }[];
  more: boolean;
};

/** Who is told what happens; `both_until`: two secrets sign. */
export type Webhook = {
  id: number;
  url: string;
  events: string[];
  state: "active" | "paused" | "gone";
  reason: "" | "staff" | "failing";
  failing_since: string | null;
  both_until: string | null;
  waiting: number;
  failed: number;
  created_at: string;
};

/** A connected shop: how far it was read, `done` of `total` products this time, and what the last comparison found. */
export type Store = {
  name: string;
  title: string;
  state: "new" | "running" | "idle" | "waiting" | "stopped";
  done: number;
  total: number | null;
  began_at: string | null;
  caught_up_at: string | null;
  next_at: string | null;
  error: string;
  compared_at: string | null;
  asked_at: string | null;
  differed: number | null;
  gone: number | null;
};
export type StoreCounts = { tasks: number; problems: number; conflicts: number };
export type StoreProblemKind = "tasks" | "problems" | "done";
export type StoreProblem = {
  id: number;
  store: string;
  code: string;
  title: string;
  facts: Record<string, string>;
  at: string;
  task: boolean;
  order_id: number | null;
  contact_id: number | null;
  product_id: number | null;
  done_at: string | null;
  done_by: string;
};
/** `theirs` is sold, `ours` was lost. */
export type StoreConflict = {
  id: number;
  store: string;
  product_id: number;
  names: Words;
  sku: string;
  field: "name" | "description" | "active" | "price";
  ours: string;
  theirs: string;
  at: string;
};

/** A key of the API; `by` is "" for the command line. */
export type ApiKey = {
  id: number;
  name: string;
  scopes: string[];
  by: string;
  created_at: string;
  used_at: string | null;
  revoked_at: string | null;
};

/** One event for one webhook, and its last try; `error` is why there is no `status`. */
export type WebhookDelivery = {
  id: number;
  key: string;
  name: string;
  subject: string;
  state: "waiting" | "delivered" | "failed";
  attempts: number;
  due_at: string;
  status: number | null;
  error: "" | "timeout" | "unreachable" | "private";
  answer: string;
  took_ms: number | null;
  tried_at: string | null;
  at: string;
  body: string;
};

export type Failure = {
  kind: "effect" | "inbound" | "webhook";
  id: number;
  what: string;
  error: string;
  attempts: number;
  at: string;
  conversation_id: number | null;
};

/** A text by language. */
export type Words = Record<string, string>;

/** `amount` and `compare_at` are decimal text in major units, an empty `compare_at` is none; the others are for readers. */
export type Price = { currency: string; amount: string; compare_at: string; text: string; compare_at_text: string };

/** `pieces` by place code; `held` of them all are kept for unpaid orders. */
export type Variant = {
  sku: string;
  barcode: string;
  values: Words[];
  active: boolean;
  prices: Price[];
  pieces: Record<string, number>;
  held: number;
};

export type Product = {
  id: number;
  sku: string;
  name: Words;
  description: Words;
  category: string;
  options: Words[];
  position: number;
  active: boolean;
  updated_at: string;
  variants: Variant[];
  pictures: Attachment[];
};

/** A category, which products name by its code: that is its name in a language that is not in `name`. */
export type Category = { code: string; name: Words };

/** A warehouse or a shop. */
export type Place = { code: string; name: Words; active: boolean; position: number };

/** Where the books of a provider differ from ours; a sum is null where one of them has nothing. */
export type Difference = {
  id: number;
  provider: string;
  key: string;
  side: "payment" | "refund";
  kind: "missing_here" | "missing_there" | "amount" | "currency";
  reference: string;
  theirs: Money | null;
  ours: Money | null;
  day: string;
  state: DifferenceState;
  note: string;
  staff_id: number | null;
  order: { id: number; number: string } | null;
  found_at: string;
  closed_at: string | null;
};
export type DifferenceState = "open" | "explained" | "gone";
/** Books of a day that could not be read. */
export type LateBooks = { provider: string; day: string; error: string };
