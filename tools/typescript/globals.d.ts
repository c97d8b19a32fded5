// Globals of k6's JavaScript runtime that @types/k6 leaves to the DOM library, which describes a browser and not k6.

/** Writes to k6's log. Objects are printed as JSON. */
declare const console: Record<"log" | "debug" | "info" | "warn" | "error", (...values: unknown[]) => void>;
