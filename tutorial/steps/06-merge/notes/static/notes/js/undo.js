// @ts-check
// Undo and redo, of my own changes only: the undo manager follows what the editors on this page wrote, and leaves
// alone what came in from others.

/** @import * as Y from "yjs" */

/**
 * @param {Y.UndoManager} undoManager
 * @param {HTMLElement} undo
 * @param {HTMLElement} redo
 */
export function showUndo(undoManager, undo, redo) {
  const show = () => {
    undo.setAttribute("aria-disabled", String(undoManager.undoStack.length === 0))
    redo.setAttribute("aria-disabled", String(undoManager.redoStack.length === 0))
  }
  const onUndo = () => void undoManager.undo()
  const onRedo = () => void undoManager.redo()
  const events = /** @type {const} */ (["stack-item-added", "stack-item-popped", "stack-cleared"])
  for (const event of events) undoManager.on(event, show)
  undo.addEventListener("click", onUndo)
  redo.addEventListener("click", onRedo)
  show()
  return {
    destroy() {
      for (const event of events) undoManager.off(event, show)
      undo.removeEventListener("click", onUndo)
      redo.removeEventListener("click", onRedo)
    },
  }
}
