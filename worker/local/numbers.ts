/** Numbers as people read them. */
export * from "../../shared/numbers.ts";
