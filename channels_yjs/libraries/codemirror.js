export * from "@codemirror/commands"
export * from "@codemirror/search"
export * from "@codemirror/state"
export * from "@codemirror/view"
