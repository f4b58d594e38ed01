// These are not in yjs.js, since lib0/decoding exports another hasContent.
export * from "lib0/encoding"
