// @ts-check
// Binds an editor to its shared text, both ways, in place of the plugin of y-codemirror.next. The difference: while
// somebody composes a word with an input method, the browser must find the line as it left it, or the word would
// appear twice. Changes of others to that line are held back until the word is done. The shared text has them
// already, so what is typed meanwhile goes in at mapped positions.

import { ChangeSet } from "@codemirror/state"
import { ViewPlugin } from "@codemirror/view"
import { ySyncAnnotation, ySyncFacet } from "y-codemirror.next"

/**
 * @import { EditorView, ViewUpdate } from "@codemirror/view"
 * @import * as Y from "yjs"
 */

const EMBEDDED = "\ufffc"
// Not every browser tells the end of a word by an event. CodeMirror reads a composition a moment after that end.
const LOOK_EVERY_MS = 100
const LONGEST_PAUSE_MS = 10_000 // some phone keyboards never end a word by themselves

class Binding {
  /** @type {ChangeSet | null} the held-back changes: from the shown text to the shared one */
  held = null
  /** @type {number | undefined} */
  timer
  typedAt = 0 // by the clock of performance.now(), while changes are held back
  wasDone = false // the last time I looked, no word was being composed

  /** @param {EditorView} view */
  constructor(view) {
    this.view = view
    this.config = view.state.facet(ySyncFacet)
    /** @type {Y.Text} */
    this.text = this.config.ytext
    this.text.observe(this.onText)
  }

  /**
   * @param {Y.YTextEvent} event
   * @param {Y.Transaction} transaction
   */
  onText = ({ delta }, { origin, local }) => {
    if (origin === this.config) return
    const length = this.held?.newLength ?? this.view.state.doc.length
    const changes = ChangeSet.of(specify(delta), length, "\n")
    if (this.held) this.held = this.held.compose(changes)
    else if (local || !isComposedIn(this.view, changes)) this.show(changes)
    else this.hold(changes)
    if (local) this.release() // an undo of mine sets the selection next, in the shared text
  }

  /** @param {ChangeSet} changes */
  hold(changes) {
    this.held = changes
    this.typedAt = performance.now()
    this.wasDone = false
    this.timer = setTimeout(this.look, LOOK_EVERY_MS)
  }

  /** Whether the word is done, or I have paused: what others write has no part in that. */
  look = () => {
    const isDone = !this.view.compositionStarted
    if ((isDone && this.wasDone) || performance.now() - this.typedAt > LONGEST_PAUSE_MS) return this.release()
    this.wasDone = isDone
    this.timer = setTimeout(this.look, LOOK_EVERY_MS)
  }

  /** @param {ChangeSet} changes */
  show(changes) {
    this.view.dispatch({ changes, annotations: ySyncAnnotation.of(this.config) })
  }

  /** @param {ViewUpdate} update */
  update(update) {
    const isFromText = update.transactions.some((transaction) => transaction.annotation(ySyncAnnotation))
    if (!update.docChanged || isFromText) return
    // Of two insertions at one place, the composed one comes first: it continues the word before it.
    const changes = this.held ? update.changes.map(this.held, true) : update.changes
    this.held = this.held?.map(update.changes) ?? null
    this.typedAt = performance.now()
    this.text.doc?.transact(() => write(this.text, changes), this.config)
  }

  release() {
    clearTimeout(this.timer)
    const { held } = this
    this.held = null
    if (held) this.show(held)
  }

  destroy() {
    clearTimeout(this.timer)
    this.text.unobserve(this.onText)
  }
}

export const binding = ViewPlugin.fromClass(Binding)

/**
 * The text as an editor shows it: with a character for each object that a client has embedded in it.
 *
 * @param {Y.Text} text
 * @returns {string}
 */
export function readText(text) {
  const characters = text.toString()
  if (characters.length === text.length) return characters
  /** @type {{ insert: unknown }[]} */
  const parts = text.toDelta()
  return parts.map(({ insert }) => (typeof insert === "string" ? insert : EMBEDDED)).join("")
}

/**
 * The shared text, as the editor knows it: the shown text with the held-back changes.
 *
 * @param {EditorView} view
 */
export function getText(view) {
  const held = view.plugin(binding)?.held
  return held ? held.apply(view.state.doc) : view.state.doc
}

/**
 * The position in the shared text of a position in the editor.
 *
 * @param {EditorView} view
 * @param {number} position
 */
export function toText(view, position) {
  return view.plugin(binding)?.held?.mapPos(position) ?? position
}

/**
 * The position in the editor of a position in the shared text.
 *
 * @param {EditorView} view
 * @param {number} position
 */
export function toShown(view, position) {
  const held = view.plugin(binding)?.held
  return held && position <= held.newLength ? held.invertedDesc.mapPos(position) : position
}

/**
 * @param {EditorView} view
 * @param {ChangeSet} changes
 */
function isComposedIn(view, changes) {
  const line = view.state.doc.lineAt(view.state.selection.main.head)
  return view.compositionStarted && changes.touchesRange(line.from, line.to) !== false
}

/** @param {Y.YTextEvent["delta"]} delta */
function specify(delta) {
  const changes = []
  let from = 0
  for (const { insert, retain = 0, delete: deleted = 0 } of delta) {
    if (insert !== undefined) changes.push({ from, insert: typeof insert === "string" ? insert : EMBEDDED })
    if (deleted) changes.push({ from, to: from + deleted })
    from += retain + deleted
  }
  return changes
}

/**
 * @param {Y.Text} text
 * @param {ChangeSet} changes
 */
function write(text, changes) {
  let shift = 0
  changes.iterChanges((from, to, _fromB, _toB, inserted) => {
    const characters = inserted.toString()
    if (to > from) text.delete(from + shift, to - from)
    if (characters) text.insert(from + shift, characters)
    shift += characters.length - (to - from)
  })
}
