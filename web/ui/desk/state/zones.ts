/** The time zones this browser knows, UTC first. */
export const zones: string[] = ["UTC", ...Intl.supportedValuesOf("timeZone").filter((name) => name !== "UTC")];
