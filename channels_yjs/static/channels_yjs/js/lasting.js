// @ts-check
// What a page shows of a document ends with it, or before.

/** @import { SharedDocument } from "./document.js" */

/**
 * @param {SharedDocument} shared
 * @param {() => void} undo runs once: when the returned object is destroyed, or the document is
 */
export function lasting({ endings }, undo) {
  const destroy = () => {
    if (endings.delete(destroy)) undo()
  }
  endings.add(destroy)
  return { destroy }
}
