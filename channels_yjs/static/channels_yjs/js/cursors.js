// @ts-check
// Other people's cursors and selections in an editor, and mine in theirs.
//
// They are drawn in layers over and under the text and never put into it: a screen reader reads, and a person copies,
// the text alone. A cursor travels as a relative position, which keeps its place between two letters whatever is
// written before it. Mine stays in place while I look elsewhere, as I do.

import { EditorSelection, StateEffect } from "@codemirror/state"
import { EditorView, RectangleMarker, ViewPlugin, layer } from "@codemirror/view"
import * as Y from "yjs"
import { toShown, toText } from "./binding.js"
import { personOf } from "./person.js"

/**
 * @import { LayerMarker } from "@codemirror/view"
 * @import { Awareness } from "y-protocols/awareness"
 */

const LABEL_PX = 192 // the longest one, as in editor.css

/** @typedef {{ anchor: number, head: number, name: string, color: string }} Cursor */

/** @type {import("@codemirror/state").StateEffectType<null>} */
const moved = StateEffect.define()

/**
 * @param {Y.Text} text
 * @param {Awareness} awareness
 */
export function remoteCursors(text, awareness) {
  /** @param {import("@codemirror/view").ViewUpdate} update */
  const isStale = (update) =>
    update.docChanged || update.transactions.some((tr) => tr.effects.some((effect) => effect.is(moved)))
  return [
    EditorView.updateListener.of((update) => {
      if (update.view.hasFocus && (update.selectionSet || update.focusChanged || update.docChanged)) {
        publish(update.view, text, awareness)
      }
    }),
    ViewPlugin.define((view) => {
      /** @param {{ added: number[], updated: number[], removed: number[] }} change */
      const onChange = ({ added, updated, removed }) => {
        if ([...added, ...updated, ...removed].some((id) => id !== awareness.clientID)) {
          view.dispatch({ effects: moved.of(null) })
        }
      }
      awareness.on("change", onChange)
      return { destroy: () => awareness.off("change", onChange) }
    }),
    layer({
      above: false,
      class: "remote-selections",
      update: isStale,
      markers: (view) => readCursors(view, text, awareness).flatMap((cursor) => selectionMarkers(view, cursor)),
    }),
    layer({
      above: true,
      class: "remote-cursors",
      update: isStale,
      markers: (view) => readCursors(view, text, awareness).flatMap((cursor) => cursorMarkers(view, cursor)),
    }),
  ]
}

/**
 * @param {EditorView} view
 * @param {Y.Text} text
 * @param {Awareness} awareness
 */
function publish(view, text, awareness) {
  const { anchor, head, from, empty } = view.state.selection.main
  /** @param {number} position */
  const relative = (position) => {
    const side = position === from && !empty ? 0 : -1 // what others write right there moves it as it does in my editor
    return Y.createRelativePositionFromTypeIndex(text, Math.min(toText(view, position), text.length), side)
  }
  const cursor = { anchor: relative(anchor), head: relative(head) }
  const before = awareness.getLocalState()?.cursor
  if (JSON.stringify(before) !== JSON.stringify(cursor)) awareness.setLocalStateField("cursor", cursor)
}

/**
 * Takes my cursor out of a text whose editor has gone.
 *
 * @param {Y.Text} text
 * @param {Awareness} awareness
 */
export function hideCursor(text, awareness) {
  const head = awareness.getLocalState()?.cursor?.head
  if (head && indexOf(text, head) !== null) awareness.setLocalStateField("cursor", null)
}

/**
 * @param {EditorView} view
 * @param {Y.Text} text
 * @param {Awareness} awareness
 * @returns {Cursor[]} other people's cursors in this text
 */
function readCursors(view, text, awareness) {
  const cursors = []
  for (const [id, state] of awareness.getStates()) {
    const anchor = id === awareness.clientID ? null : indexOf(text, state.cursor?.anchor)
    const head = anchor === null ? null : indexOf(text, state.cursor?.head)
    if (anchor !== null && head !== null) {
      const [from, to] = [toShown(view, anchor), toShown(view, head)]
      const { name, color, guest } = personOf(state)
      cursors.push({ anchor: from, head: to, name: guest ? `${name} (guest)` : name, color })
    }
  }
  return cursors
}

/**
 * @param {Y.Text} text
 * @param {any} json from another client: it may be anything
 */
function indexOf(text, json) {
  try {
    const doc = /** @type {Y.Doc} */ (text.doc)
    const position = Y.createRelativePositionFromJSON(json)
    if (position.tname !== null && !doc.share.has(position.tname)) return null // Yjs would make a type of that name
    const absolute = Y.createAbsolutePositionFromRelativePosition(position, doc)
    return absolute?.type === text ? absolute.index : null
  } catch {
    return null
  }
}

/**
 * @param {EditorView} view
 * @param {Cursor} cursor
 */
function selectionMarkers(view, { anchor, head, color }) {
  const end = view.state.doc.length
  if (anchor === head || Math.max(anchor, head) > end) return []
  const range = EditorSelection.range(anchor, head)
  return RectangleMarker.forRange(view, "remote-selection", range).map((box) => new ColoredMarker(box, color))
}

/**
 * @param {EditorView} view
 * @param {Cursor} cursor
 */
function cursorMarkers(view, { head, name, color }) {
  if (head > view.state.doc.length) return []
  const boxes = RectangleMarker.forRange(view, "remote-cursor", EditorSelection.cursor(head))
  const width = view.contentDOM.clientWidth
  return boxes.map((box) => new ColoredMarker(box, color, name, box.left > Math.max(width / 2, width - LABEL_PX)))
}

/** A box in a person's colour, with their name on it if it is a cursor. @implements {LayerMarker} */
class ColoredMarker {
  /**
   * @param {RectangleMarker} box
   * @param {string} color
   * @param {string} [name]
   * @param {boolean} [isLeft] whether the name stands to the left of the cursor, for want of room
   */
  constructor(box, color, name = "", isLeft = false) {
    this.box = box
    this.color = color
    this.name = name
    this.isLeft = isLeft
  }

  /** @param {LayerMarker} other */
  eq(other) {
    return (
      other instanceof ColoredMarker &&
      this.box.eq(other.box) &&
      this.color === other.color &&
      this.name === other.name &&
      this.isLeft === other.isLeft
    )
  }

  draw() {
    const element = this.box.draw()
    element.style.setProperty("--person", this.color) // by script, since the page's policy forbids style attributes
    if (this.name) {
      const label = document.createElement("bdi")
      label.className = this.isLeft ? "cursor-label cursor-label-left" : "cursor-label"
      label.textContent = this.name
      element.append(label)
    }
    return element
  }
}
