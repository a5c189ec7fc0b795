/** What stands behind a label. */
import { t } from "../i18n/words";

/** `what` with `more` in brackets, which are wide in Chinese. */
export const aside = (what: string, more: string): string => t("common.aside", { what, more });
export const optional = (what: string): string => aside(what, t("common.optional"));
