// @ts-check
// Two editors on one document: the title in one line, the body in many. Each is bound to its shared text, so what
// is typed in one goes into the document, and what comes into the document is shown. An editor that ever shows another
// text than the document's is mounted anew.

import { defaultKeymap } from "@codemirror/commands"
import { Compartment, EditorState, Prec } from "@codemirror/state"
import { EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view"
import { yCollab, ySync, yUndoManagerKeymap } from "y-codemirror.next"
import { follow, watchAgreement } from "./agreement.js"
import { binding, getText, readText } from "./binding.js"
import { remoteCursors } from "./cursors.js"
import { lineDirections } from "./directions.js"
import { lineEnds } from "./line-ends.js"
import { matchHighlights } from "./matches.js"
import { showCutPairs } from "./surrogates.js"
import { undoSteps } from "./undo.js"

/**
 * @import { Extension } from "@codemirror/state"
 * @import { Awareness } from "y-protocols/awareness"
 * @import * as Y from "yjs"
 */

/** What a phone offers in a text field for prose. CodeMirror, made for code, switches all of it off. */
const PROSE = { spellcheck: "true", autocapitalize: "sentences", autocorrect: "on", writingsuggestions: "true" }

/**
 * @param {object} parts
 * @param {Y.Doc} parts.doc
 * @param {Awareness} parts.awareness
 * @param {Y.UndoManager} parts.undoManager
 * @param {string} parts.nonce for the style sheet that CodeMirror makes
 * @param {HTMLElement} parts.titleHost
 * @param {HTMLElement} parts.bodyHost
 * @param {() => { top: number, bottom: number }} parts.getMargins what stands over the text while it scrolls
 * @param {(shown: string, mountAnew: () => void) => void} [parts.onParted] gets what an editor showed that was not the
 *   document's text, before the editor is replaced
 */
export function mountEditors({
  doc,
  awareness,
  undoManager,
  nonce,
  titleHost,
  bodyHost,
  getMargins,
  onParted = (_shown, mountAnew) => mountAnew(),
}) {
  const writable = new Compartment()
  /** @type {Extension} */
  let writing = []
  const steps = undoSteps(undoManager)
  /**
   * @param {Y.Text} text
   * @param {HTMLElement} parent
   * @param {Extension} own
   */
  const mount = (text, parent, own) => {
    parent.replaceChildren()
    const state = EditorState.create({
      doc: readText(text),
      extensions: [
        own,
        lineEnds,
        steps, // before the binding hands a change to the document, where it is recorded
        binding,
        withoutSync(yCollab(text, null, { undoManager })),
        showCutPairs(text),
        remoteCursors(text, awareness),
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        highlightSpecialChars(),
        matchHighlights,
        EditorView.lineWrapping,
        EditorView.scrollMargins.of(getMargins),
        lineDirections,
        EditorView.cspNonce.of(nonce),
        writable.of(writing),
      ],
    })
    return new EditorView({ state, parent })
  }
  /**
   * @param {Y.Text} text
   * @param {HTMLElement} parent
   * @param {Extension[]} own
   */
  const keepMounted = (text, parent, own) => {
    const onUpdate = EditorView.updateListener.of((update) => update.docChanged && agreement.onEdited())
    const mountAnew = () => {
      const { state, hasFocus } = view
      view.destroy()
      view = mount(text, parent, [own, onUpdate])
      const caret = follow(state.selection.main.head, state.doc.toString(), view.state.doc.toString())
      view.dispatch({ selection: { anchor: caret } })
      if (hasFocus) view.focus()
    }
    let view = mount(text, parent, [own, onUpdate])
    const getShown = () => getText(view)
    const agreement = watchAgreement(text, getShown, () => onParted(getShown().toString(), mountAnew))
    return { agreement, getView: () => view }
  }

  const body = keepMounted(doc.getText("body"), bodyHost, [
    named("Note", { "aria-multiline": "true" }),
    placeholder("Write something. Everybody who has this note open sees it at once."),
  ])
  const toBody = () => (body.getView().focus(), true)
  const title = keepMounted(doc.getText("title"), titleHost, [
    named("Title", { "aria-multiline": "false" }),
    placeholder("Untitled"),
    Prec.high(keymap.of(["Enter", "Shift-Enter", "Mod-Enter", "ArrowDown"].map((key) => ({ key, run: toBody })))),
    EditorView.clipboardInputFilter.of((text) => text.replace(/\s*[\r\n]+\s*/g, " ").trim()),
  ])

  const editors = [title, body]

  return {
    get title() {
      return title.getView()
    },
    get body() {
      return body.getView()
    },
    seemToAgree: () => editors.every(({ agreement }) => agreement.seemsToAgree()),
    makeReadOnly() {
      writing = [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })]
      for (const { getView } of editors) getView().dispatch({ effects: writable.reconfigure(writing) })
    },
    destroy() {
      for (const { agreement, getView } of editors) {
        agreement.destroy()
        getView().destroy()
      }
    },
  }
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function named(name, attributes) {
  return EditorView.contentAttributes.of({ "aria-label": name, dir: "auto", ...PROSE, ...attributes })
}

/** @param {Extension} collab a list, of which the binding takes the place of one part */
function withoutSync(collab) {
  return Array.isArray(collab) ? collab.filter((extension) => extension !== ySync) : collab
}
