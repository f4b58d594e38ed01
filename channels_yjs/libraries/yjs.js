export * from "y-protocols/awareness"
export * from "y-websocket"
export * from "yjs"
