/** Which page an address shows, and who must log in or choose a password first. */
import { createRouter, createWebHistory, type RouteLocationNormalized } from "vue-router";

import { ApiError } from "./api/client";
import InboxPage from "./pages/InboxPage.vue";
import { loadMe, session, staff } from "./state/session";

declare module "vue-router" {
  interface RouteMeta {
    section?: string;
    /** Shown without the frame. */
    bare?: boolean;
    /** Needs no account. */
    open?: boolean;
  }
}

const ContactsPage = () => import("./pages/ContactsPage.vue");
const OrdersPage = () => import("./pages/OrdersPage.vue");
const ProductsPage = () => import("./pages/ProductsPage.vue");
const section = (name: string) => ({ meta: { section: name } });

export const router = createRouter({
  history: createWebHistory("/desk"),
  routes: [
    { path: "/login", name: "login", component: () => import("./pages/LoginPage.vue"), meta: { bare: true, open: true } },
    { path: "/password", name: "password", component: () => import("./pages/PasswordPage.vue"), meta: { bare: true } },
    {
      path: "/",
      component: InboxPage,
      ...section("inbox"),
      children: [
        { path: "", name: "inbox", component: { render: () => null } },
        { path: "c/:id(\\d+)", name: "conversation", component: { render: () => null } },
      ],
    },
    { path: "/contacts", name: "contacts", component: ContactsPage, ...section("contacts") },
    {
      path: "/contacts/:id(\\d+)",
      name: "contact",
      component: () => import("./pages/ContactPage.vue"),
      ...section("contacts"),
    },
    { path: "/orders", component: OrdersPage, name: "orders", ...section("orders") },
    { path: "/orders/:id(\\d+)", component: OrdersPage, name: "order", ...section("orders") },
    { path: "/books", name: "books", component: () => import("./pages/BooksPage.vue"), ...section("orders") },
    { path: "/products", component: ProductsPage, name: "products", ...section("products") },
    { path: "/products/:id(\\d+|new)", component: ProductsPage, name: "product", ...section("products") },
    { path: "/shop", name: "shop", component: () => import("./pages/ShopPage.vue"), ...section("products") },
    { path: "/reviews", name: "reviews", component: () => import("./pages/ReviewsPage.vue"), ...section("reviews") },
    { path: "/reports", name: "reports", component: () => import("./pages/ReportsPage.vue"), ...section("reports") },
    {
      path: "/reports/:name",
      name: "report",
      component: () => import("./pages/ReportPage.vue"),
      ...section("reports"),
    },
    { path: "/news", name: "news", component: () => import("./pages/NewsPage.vue"), ...section("news") },
    { path: "/settings", name: "settings", component: () => import("./pages/SettingsPage.vue"), ...section("settings") },
    { path: "/:rest(.*)*", name: "missing", component: () => import("./pages/MissingPage.vue") },
  ],
});

router.beforeEach(async (to) => {
  if (to.meta.open) return true;
  if (!session.me && !(await known())) return toLogin(to);
  if (staff.value?.must_change_password && to.name !== "password") return { name: "password" };
  return true;
});

/** False when nobody is logged in; a server that is away keeps the page, which then says so. */
async function known(): Promise<boolean> {
  try {
    await loadMe();
    return true;
  } catch (error) {
    if (error instanceof ApiError && error.status === 401) return false;
    throw error;
  }
}

function toLogin(to: RouteLocationNormalized): object {
  return { name: "login", query: to.fullPath === "/" ? {} : { next: to.fullPath } };
}
