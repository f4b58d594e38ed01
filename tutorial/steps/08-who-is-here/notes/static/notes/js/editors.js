// @ts-check
// Two editors on one document: the title in one line, the body in many. Each is bound to its shared text, so what
// is typed in one goes into the document, and what comes into the document is shown, without a copy of either.

import { defaultKeymap } from "@codemirror/commands"
import { Compartment, EditorState, Prec } from "@codemirror/state"
import { EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view"
import { yCollab, yUndoManagerKeymap } from "y-codemirror.next"
import { remoteCursors } from "./cursors.js"
import { lineDirections } from "./directions.js"
import { lineEnds } from "./line-ends.js"
import { showCutPairs } from "./surrogates.js"

/**
 * @import { Extension } from "@codemirror/state"
 * @import { Awareness } from "y-protocols/awareness"
 * @import * as Y from "yjs"
 */

/**
 * @param {object} parts
 * @param {Y.Doc} parts.doc
 * @param {Awareness} parts.awareness
 * @param {Y.UndoManager} parts.undoManager
 * @param {string} parts.nonce for the style sheet that CodeMirror makes
 * @param {HTMLElement} parts.titleHost
 * @param {HTMLElement} parts.bodyHost
 * @param {() => { top: number, bottom: number }} parts.getMargins what stands over the text while it scrolls
 */
export function mountEditors({ doc, awareness, undoManager, nonce, titleHost, bodyHost, getMargins }) {
  const writable = new Compartment()
  /**
   * @param {Y.Text} text
   * @param {HTMLElement} parent
   * @param {Extension[]} own
   */
  const mount = (text, parent, own) => {
    parent.replaceChildren()
    const state = EditorState.create({
      doc: text.toString(),
      extensions: [
        own,
        lineEnds,
        yCollab(text, null, { undoManager }),
        showCutPairs(text),
        remoteCursors(text, awareness),
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        highlightSpecialChars(),
        EditorView.lineWrapping,
        EditorView.scrollMargins.of(getMargins),
        lineDirections,
        EditorView.cspNonce.of(nonce),
        writable.of([]),
      ],
    })
    return new EditorView({ state, parent })
  }

  const body = mount(doc.getText("body"), bodyHost, [
    named("Note", { "aria-multiline": "true" }),
    placeholder("Write something. Everybody who has this note open sees it at once."),
  ])
  const toBody = () => (body.focus(), true)
  const title = mount(doc.getText("title"), titleHost, [
    named("Title", { "aria-multiline": "false" }),
    placeholder("Untitled"),
    Prec.high(keymap.of(["Enter", "Shift-Enter", "Mod-Enter", "ArrowDown"].map((key) => ({ key, run: toBody })))),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\s*[\r\n]+\s*/g, " ").trim()),
  ])

  return {
    title,
    body,
    makeReadOnly() {
      const effects = writable.reconfigure(EditorState.readOnly.of(true))
      for (const view of [title, body]) {
        view.dispatch({ effects })
        view.contentDOM.setAttribute("aria-readonly", "true")
      }
    },
    destroy() {
      title.destroy()
      body.destroy()
    },
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function named(name, attributes) {
  return EditorView.contentAttributes.of({ "aria-label": name, spellcheck: "true", dir: "auto", ...attributes })
}
