// @ts-check
// The text that I read stays in place on the screen while others write above it. Here the page scrolls, not the
// editor, and CodeMirror keeps the place on a page only while the editor has the focus.

import * as Y from "yjs"
import { toShown, toText } from "./binding.js"
import { lasting } from "./lasting.js"

/**
 * @import { EditorView } from "@codemirror/view"
 * @import { SharedDocument } from "./document.js"
 */

const ATTEMPTS = 3 // the height of lines that have not been drawn yet is an estimate

/**
 * @param {SharedDocument} shared
 * @param {string} name of the long text
 * @param {() => number} getTop the height on the screen from which the text is in view
 */
export function keepPlace(shared, name, getTop) {
  const { doc, texts, editors } = shared
  const text = texts[name]
  const getView = () => editors.find((editor) => editor.name === name)?.view
  /** @type {{ position: Y.RelativePosition, top: number } | null} */
  let place = null

  /** @param {Y.Transaction} transaction */
  const onBefore = ({ local }) => {
    const view = getView()
    if (local || !view || isWhereItWas(view)) return
    const at = firstInView(view, getTop())
    const top = at === null ? null : topOf(view, at)
    if (at === null || top === null) place = null
    else place = { position: Y.createRelativePositionFromTypeIndex(text, toText(view, at)), top }
  }
  /** @param {Y.Transaction} transaction */
  const onAfter = ({ local }) => {
    const view = getView()
    if (local || !view || !place) return
    scrollTo(view, indexOf(view, place.position), place.top)
  }
  /** @param {EditorView} view */
  const isWhereItWas = (view) => {
    // A page scrolls by whole pixels. If the place were read again each time, a pixel here and there would add up.
    const top = place && topOf(view, indexOf(view, place.position))
    return top !== null && Math.abs(top - (place?.top ?? 0)) < 1
  }
  /**
   * @param {EditorView} view
   * @param {Y.RelativePosition} position
   */
  const indexOf = (view, position) => {
    const index = Y.createAbsolutePositionFromRelativePosition(position, doc)?.index ?? 0
    return Math.min(toShown(view, index), view.state.doc.length)
  }
  doc.on("beforeTransaction", onBefore)
  doc.on("afterTransaction", onAfter)
  return lasting(shared, () => {
    doc.off("beforeTransaction", onBefore)
    doc.off("afterTransaction", onAfter)
  })
}

/**
 * The first character in view, or null if the text begins in view: then nobody can write above what I read.
 *
 * @param {EditorView} view
 * @param {number} top the height on the screen from which the text is in view
 */
export function firstInView(view, top) {
  if (view.documentTop >= top) return null
  return view.posAtCoords({ x: view.contentDOM.getBoundingClientRect().left, y: top }, false)
}

/**
 * @param {EditorView} view
 * @param {number} at
 */
function topOf(view, at) {
  return view.coordsAtPos(at, 1)?.top ?? null
}

/**
 * Scrolls until a character is as far down the screen as it was.
 *
 * @param {EditorView} view
 * @param {number} at
 * @param {number} wanted
 */
function scrollTo(view, at, wanted) {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    view.requestMeasure() // is done at once when we ask for coordinates
    const top = topOf(view, at) ?? view.documentTop + view.lineBlockAt(at).top
    if (Math.abs(top - wanted) < 1) return
    window.scrollBy({ top: top - wanted, behavior: "instant" })
  }
}
