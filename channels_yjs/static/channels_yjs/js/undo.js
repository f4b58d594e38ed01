// @ts-check
// Undo and redo, of my own changes only: the undo manager tracks the changes of this page's editors, and leaves those
// of others alone. By itself it joins all changes between two pauses into one step, in both editors. Steps are
// smaller here: about a word, and never in two places.

import { Transaction } from "@codemirror/state"
import { ViewPlugin } from "@codemirror/view"
import { ySyncAnnotation } from "y-codemirror.next"
import { lasting } from "./lasting.js"

/**
 * @import { Extension } from "@codemirror/state"
 * @import { EditorView, ViewUpdate } from "@codemirror/view"
 * @import * as Y from "yjs"
 * @import { SharedDocument } from "./document.js"
 */

/**
 * @typedef {object} Change
 * @property {EditorView} view
 * @property {string} kind
 * @property {string} text the inserted text, or else the deleted one
 * @property {boolean} isReplacing
 * @property {number} from
 * @property {number} to in the text before
 * @property {number} end in the text after
 */

const MAX_STEP = 20 // characters, for languages that have no spaces

/** @type {WeakMap<Y.UndoManager, Extension>} */
const known = new WeakMap()

/**
 * The extension for editors that share an undo manager. It must come before the binding.
 *
 * @param {Y.UndoManager} undoManager
 */
export function undoSteps(undoManager) {
  const steps = known.get(undoManager) ?? makeSteps(undoManager)
  known.set(undoManager, steps)
  return steps
}

/** @param {Y.UndoManager} undoManager */
function makeSteps(undoManager) {
  /** @type {Change | undefined} */
  let last
  let length = 0
  undoManager.on("stack-item-popped", () => (last = undefined))

  /** @param {ViewUpdate} update */
  const onUpdate = (update) => {
    const change = readChange(update)
    if (change) {
      if (!last || length >= MAX_STEP || startsStep(change, last)) {
        undoManager.stopCapturing()
        length = 0
      }
      length += change.text.length
      last = change
    } else if (update.docChanged && last?.view === update.view) {
      last = { ...last, end: update.changes.mapPos(last.end) } // a change of others
    } else if (update.selectionSet) {
      last = undefined
    }
  }
  return ViewPlugin.define(() => ({ update: onUpdate }))
}

/**
 * @param {ViewUpdate} update
 * @returns {Change | undefined} undefined for a change of others
 */
function readChange({ view, transactions, startState, changes, docChanged }) {
  if (!docChanged || transactions.some((tr) => tr.annotation(ySyncAnnotation))) return
  const event = transactions[0].annotation(Transaction.userEvent) ?? ""
  /** @type {Change[]} */
  const all = []
  changes.iterChanges((from, to, _from, end, inserted) => {
    const text = inserted.toString() || startState.sliceDoc(from, to)
    all.push({ view, kind: kindOf(event), text, isReplacing: to > from && inserted.length > 0, from, to, end })
  })
  return all.length === 1 ? all[0] : { ...all[0], kind: "several" }
}

/** @param {string} event as CodeMirror names it */
function kindOf(event) {
  if (event.startsWith("input.type.compose") && !event.endsWith(".start")) return "compose"
  return event === "input" || event.startsWith("input.type") ? "type" : event
}

/**
 * @param {Change} change
 * @param {Change} last
 */
function startsStep(change, last) {
  if (change.view !== last.view) return true
  if (change.kind === "compose") return false // an input method replaces the word again and again
  const goesOn = change.kind === last.kind || (change.kind === "type" && last.kind === "compose")
  const isHere = change.from === last.end || change.to === last.end
  const canGrow = change.kind === "type" || change.kind.startsWith("delete.")
  return !goesOn || !isHere || !canGrow || change.isReplacing || (/\s$/.test(last.text) && /^\S/.test(change.text))
}

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} undo
 * @param {HTMLElement} redo
 */
export function showUndo(shared, undo, redo) {
  const { undoManager } = shared
  const show = () => {
    undo.setAttribute("aria-disabled", String(undoManager.undoStack.length === 0))
    redo.setAttribute("aria-disabled", String(undoManager.redoStack.length === 0))
  }
  /** @param {Y.Transaction} transaction which may have found nothing left to undo, and that is no event */
  const onTransaction = ({ origin }) => origin === undoManager && show()
  /** @param {MouseEvent} event which would take the focus from the text */
  const onPress = (event) => event.preventDefault()
  const onUndo = () => void undoManager.undo()
  const onRedo = () => void undoManager.redo()
  const events = /** @type {const} */ (["stack-item-added", "stack-item-popped", "stack-cleared"])
  for (const event of events) undoManager.on(event, show)
  shared.doc.on("afterTransaction", onTransaction)
  for (const button of [undo, redo]) button.addEventListener("mousedown", onPress)
  undo.addEventListener("click", onUndo)
  redo.addEventListener("click", onRedo)
  show()
  return lasting(shared, () => {
    for (const event of events) undoManager.off(event, show)
    shared.doc.off("afterTransaction", onTransaction)
    for (const button of [undo, redo]) button.removeEventListener("mousedown", onPress)
    undo.removeEventListener("click", onUndo)
    redo.removeEventListener("click", onRedo)
  })
}
