/** Every call of the desk's JSON API by name, so that no component knows an address. */
import type { Draft } from "../logic/products";
import { request, upload } from "./client";
import type {
  AddressForm,
  ApiKey,
  Doing,
  Attachment,
  Audience,
  Broadcast,
  CannedList,
  Category,
  Choice,
  Consent,
  ContactRow,
  Counts,
  Difference,
  DifferenceState,
  Failure,
  Filter,
  LateBooks,
  LinkedChat,
  Me,
  Message,
  NewsChoices,
  NewsPreview,
  Opened,
  Order,
  OrderChange,
  OrderRow,
  OrderStep,
  Page,
  Person,
  Place,
  Product,
  Quote,
  Report,
  ReviewRow,
  Role,
  Row,
  Run,
  RunPage,
  Said,
  Sale,
  SaleForm,
  SentOrder,
  Staff,
  Store,
  StoreConflict,
  StoreCounts,
  StoreProblem,
  StoreProblemKind,
  Sub,
  Terms,
  Webhook,
  WebhookDelivery,
} from "./types";

const DESK = "/api/desk";
const get = <T>(path: string, signal?: AbortSignal) => request<T>("GET", DESK + path, undefined, signal);
const post = <T>(path: string, body: unknown = {}) => request<T>("POST", DESK + path, body);
const put = <T>(path: string, body: unknown) => request<T>("PUT", DESK + path, body);
const remove = <T>(path: string) => request<T>("DELETE", DESK + path);

type Value = string | number | null | undefined;

/** `?a=1&b=2` of what is set; empty values are left out. */
export function query(values: Record<string, Value>): string {
  const search = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== undefined && value !== null && value !== "") search.set(key, String(value));
  }
  const text = search.toString();
  return text ? `?${text}` : "";
}

export const login = (name: string, password: string) =>
  post<{ staff: Staff; csrf: string }>("/login", { login: name, password });
export const logout = () => post<object>("/logout");
export const changePassword = (old: string, fresh: string) => post<object>("/password", { old, new: fresh });
export const me = () => get<Me>("/me");
export const updateMe = (changes: Partial<Pick<Staff, "name" | "locale" | "timezone">>) =>
  put<{ staff: Staff }>("/me", changes);

export type ConversationPage = Page<Row> & { counts: Counts };
export const conversations = (filter: Filter, q: string, before: string | null, signal?: AbortSignal) =>
  get<ConversationPage>(`/conversations${query({ filter, q, before })}`, signal);
export const conversation = (id: number) => get<Opened>(`/conversations/${id}`);
export const messagesBefore = (id: number, seq: number) =>
  get<{ messages: Message[]; more: boolean }>(`/conversations/${id}/messages?before=${seq}`);
export const messagesAfter = (id: number, seq: number) =>
  get<{ messages: Message[]; more: boolean }>(`/conversations/${id}/messages?after=${seq}`);
export const take = (id: number, force: boolean) =>
  post<{ row: Row }>(`/conversations/${id}/take`, force ? { force } : {});
export const give = (id: number) => post<{ row: Row }>(`/conversations/${id}/give`);
export const close = (id: number) => post<{ row: Row }>(`/conversations/${id}/close`);
export const read = (id: number) => post<{ row: Row }>(`/conversations/${id}/read`);
export const typing = (id: number) => post<object>(`/conversations/${id}/typing`);
export type Saying = { id: string; text: string; files: number[]; note: boolean; wait: boolean };
export const say = (id: number, saying: Saying) => post<{ message: Message }>(`/conversations/${id}/messages`, saying);
export const uploadFile = (id: number, file: File, progress: (share: number) => void, signal: AbortSignal) =>
  upload<Attachment>(`${DESK}/conversations/${id}/files${query({ name: file.name })}`, file, progress, signal);

export const broadcasts = () => get<{ items: Broadcast[]; choices: NewsChoices }>("/broadcasts");
export const previewBroadcast = (audience: Audience) => post<NewsPreview>("/broadcasts/preview", audience);
export type NewBroadcast = Audience & { id: string; text: string; picture: number | null; label: string; command: string; send_at: string | null };
export const addBroadcast = (draft: NewBroadcast) => post<{ broadcast: Broadcast }>("/broadcasts", draft);
export const stopBroadcast = (id: number) => post<{ broadcast: Broadcast }>(`/broadcasts/${id}/stop`);
export const uploadPicture = (file: File, signal: AbortSignal) =>
  upload<Attachment>(`${DESK}/broadcasts/picture${query({ name: file.name })}`, file, () => undefined, signal);

export const contacts = (q: string, before: string | null) => get<Page<ContactRow>>(`/contacts${query({ q, before })}`);
export const contact = (id: number) => get<Person>(`/contacts/${id}`);
export const history = (id: number, before: string | null) =>
  get<Page<Said>>(`/contacts/${id}/history${query({ before })}`);
export const part = (proof: number) => remove<object>(`/proofs/${proof}`);
export type ContactChanges = Pick<Person, "name" | "phone" | "email" | "timezone">;
export const updateContact = (id: number, changes: Partial<ContactChanges>) => put<Person>(`/contacts/${id}`, changes);
export type ConsentChange = Pick<Consent, "kind" | "given"> & { why: string };
export const changeConsent = (identity: number, change: ConsentChange) =>
  put<Person>(`/identities/${identity}/consents`, change);
export const exportAddress = (id: number) => `${DESK}/contacts/${id}/export`;
export const erase = (id: number, confirm: string) => post<object>(`/contacts/${id}/erase`, { confirm });

export const products = (q: string, category: string, after: string | null) =>
  get<Page<Product> & { currency: string }>(`/products${query({ q, category, after })}`);
export const categories = () => get<{ items: Category[] }>("/categories");
export const product = (id: number) => get<{ product: Product }>(`/products/${id}`);
export const addProduct = (draft: Draft) => post<{ product: Product }>("/products", draft);
export const saveProduct = (id: number, draft: Draft) => put<{ product: Product }>(`/products/${id}`, draft);
export const sellProduct = (id: number, active: boolean) => put<{ product: Product }>(`/products/${id}/active`, { active });
export const uploadProductPicture = (file: File, signal: AbortSignal) =>
  upload<Attachment>(`${DESK}/products/picture${query({ name: file.name })}`, file, () => undefined, signal);
export const countStock = (sku: string, pieces: Record<string, number>, was: Record<string, number>) =>
  put<object>("/stock", { sku, pieces, was });
export const places = () => get<{ items: Place[] }>("/places");
export const savePlace = (place: Place) => put<Place>("/places", place);

export const goods = (id: number, q: string) => get<{ items: Choice[] }>(`/conversations/${id}/goods${query({ q })}`);
export const saleForm = (id: number) => get<SaleForm>(`/conversations/${id}/order`);
export const addressForm = (country: string, text = "") => post<AddressForm>("/address-form", { country, text });
export const quote = (id: number, terms: Terms) => post<Quote>(`/conversations/${id}/quote`, terms);
export const quoteChange = (id: number, terms: Terms) => post<Quote>(`/orders/${id}/quote`, terms);
export const changeOrder = (id: number, change: OrderChange) => put<SentOrder>(`/orders/${id}`, change);
export const sendOrder = (id: number, sale: Sale) => post<SentOrder>(`/conversations/${id}/orders`, sale);

export const orders = (state: string, q: string, before: string | null) =>
  get<Page<OrderRow>>(`/orders${query({ state, q, before })}`);
export const noteOrder = (id: number, text: string) => post<{ order: Order }>(`/orders/${id}/notes`, { text });
export const order = (id: number) => get<Order>(`/orders/${id}`);
export const receiveMoney = (payment: number, amount: string, seen: number, note: string, key: string) =>
  post<{ order: Order }>(`/payments/${payment}/receive`, { amount, seen, note, key });
export const giveBack = (payment: number, amount: string, reason: string, key: string) =>
  post<{ order: Order }>(`/payments/${payment}/refund`, { amount, reason, key });
export const askRefundAgain = (refund: number) => post<{ order: Order }>(`/refunds/${refund}/retry`, {});
export const orderStep = (id: number, step: OrderStep, doing: Doing) => post<{ order: OrderRow }>(`/orders/${id}/${step}`, doing);

export const differences = (state: DifferenceState, before: string | null) =>
  get<Page<Difference> & { late: LateBooks[] }>(`/differences${query({ state, before })}`);
export const explain = (id: number, note: string) => post<{ difference: Difference }>(`/differences/${id}/explain`, { note });

export const reviews = (state: string, before: string | null) =>
  get<Page<ReviewRow>>(`/reviews${query({ state, before })}`);
export const decideReview = (id: number, decision: "accept" | "reject") =>
  post<{ review: ReviewRow }>(`/reviews/${id}/${decision}`);

export const reports = () => get<{ reports: Report[] }>("/reports");
export const runs = (name: string) => get<{ items: Run[] }>(`/reports/${encodeURIComponent(name)}/runs`);
export const run = (id: number, lang: string) => get<RunPage>(`/runs/${id}${query({ lang })}`);
export type Asked = { period?: "day" | "week" | "month"; start?: string; end?: string };
export const runNow = (name: string, asked: Asked) =>
  post<{ run: Run }>(`/reports/${encodeURIComponent(name)}/run`, asked);
export type NewSub = { report: string; conversation_id: number; cron: string; timezone: string };
export const subscribe = (sub: NewSub) => post<{ subscription: Sub }>("/subscriptions", sub);
export const unsubscribe = (id: number) => remove<object>(`/subscriptions/${id}`);
export const canned = (language: string) => get<CannedList>(`/canned/${language}`);
export const saveCanned = (language: string, list: CannedList) => put<CannedList>(`/canned/${language}`, list);
export const linkedChats = () => get<{ items: LinkedChat[] }>("/linked-chats");
export const unlinkChat = (id: number) => remove<object>(`/linked-chats/${id}`);
export const linkCode = () => post<{ code: string; expires_at: string }>("/link-code");

export const failures = () => get<{ items: Failure[] }>("/failures");
export const retryFailure = (kind: Failure["kind"], id: number) => post<object>(`/failures/${kind}/${id}/retry`);
export const channels = () => get<unknown>("/channels");

export type NewStaff = { login: string; name: string; role: Role };
export type StaffChanges = { name?: string; role?: Role; active?: boolean };
export const staff = () => get<{ items: Staff[] }>("/staff");
export const addStaff = (account: NewStaff) => post<{ staff: Staff; password?: string }>("/staff", account);
export const changeStaff = (id: number, changes: StaffChanges) => put<{ staff: Staff }>(`/staff/${id}`, changes);
export const resetPassword = (id: number) => post<{ password?: string }>(`/staff/${id}/password`);

export const webhooks = () => get<{ items: Webhook[]; names: string[] }>("/webhooks");
type Wanted = { url: string; events: string[] };
type WithSecret = { webhook: Webhook; secret: string };
export const addWebhook = (wanted: Wanted) => post<WithSecret>("/webhooks", wanted);
export const changeWebhook = (id: number, wanted: Wanted) => put<{ webhook: Webhook }>(`/webhooks/${id}`, wanted);
export const removeWebhook = (id: number) => remove<object>(`/webhooks/${id}`);
export type WebhookAction = "pause" | "resume" | "test";
export const webhookAction = (id: number, action: WebhookAction) => post<{ webhook: Webhook }>(`/webhooks/${id}/${action}`);
export const rotateWebhook = (id: number) => post<WithSecret>(`/webhooks/${id}/rotate`);
export const webhookLog = (id: number, state: string, before: string | null) =>
  get<Page<WebhookDelivery>>(`/webhooks/${id}/log${query({ state, before })}`);
export const replayWebhook = (id: number, what: { delivery: number } | { since: string }) =>
  post<{ count: number }>(`/webhooks/${id}/replay`, what);

export const stores = () => get<{ items: Store[]; counts: StoreCounts }>("/stores");
export const compareStore = (name: string) => post<{ store: Store }>(`/stores/${encodeURIComponent(name)}/compare`);
export const storeProblems = (kind: StoreProblemKind, before: string | null) =>
  get<Page<StoreProblem>>(`/store-problems${query({ kind, before })}`);
export const storeProblemDone = (id: number) => post<{ problem: StoreProblem }>(`/store-problems/${id}/done`);
export const storeConflicts = (before: string | null) => get<Page<StoreConflict>>(`/store-conflicts${query({ before })}`);
export const forgetConflict = (id: number) => remove<object>(`/store-conflicts/${id}`);

export const apiKeys = () => get<{ items: ApiKey[]; scopes: string[] }>("/keys");
export const addApiKey = (wanted: { name: string; scopes: string[] }) => post<{ key: ApiKey; secret: string }>("/keys", wanted);
export const revokeApiKey = (id: number) => post<{ key: ApiKey }>(`/keys/${id}/revoke`);
