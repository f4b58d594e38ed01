// @ts-check
// An editor for one text of a shared document. It is bound to the text, so typed text goes into the document, and
// changes of the document are shown. An editor that ever shows another text than the document's is mounted again.

import { defaultKeymap } from "@codemirror/commands"
import { Compartment, EditorState, Prec } from "@codemirror/state"
import { EditorView, highlightSpecialChars, keymap, placeholder } from "@codemirror/view"
import { yCollab, ySync, ySyncAnnotation, yUndoManagerKeymap } from "y-codemirror.next"
import { follow, watchAgreement } from "./agreement.js"
import { binding, getText, readText } from "./binding.js"
import { hideCursor, remoteCursors } from "./cursors.js"
import { lineDirections } from "./directions.js"
import { lineEnds } from "./line-ends.js"
import { matchHighlights } from "./matches.js"
import { showCutPairs } from "./surrogates.js"
import { undoSteps } from "./undo.js"

/**
 * @import { Extension } from "@codemirror/state"
 * @import { SharedDocument } from "./document.js"
 */

/** The help that a phone gives in a text field for prose. CodeMirror, made for code, switches all of it off. */
const PROSE = { spellcheck: "true", autocapitalize: "sentences", autocorrect: "on", writingsuggestions: "true" }

const READ_ONLY = [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })]

/**
 * @typedef {object} Options
 * @property {string} [label] for people who cannot see it; the default is the name
 * @property {string} [hint] is shown while the text is empty
 * @property {boolean} [isOneLine]
 * @property {() => void} [onEnter] runs at Enter and the arrow down in an editor for one line
 * @property {Extension} [extensions] CodeMirror's, before all others
 * @property {() => { top?: number, bottom?: number }} [getMargins] the height of bars over the scrolling text
 * @property {string} [nonce] for the style sheet that CodeMirror makes; the default is the import map's
 * @property {(shown: string, mountAnew: () => void) => void} [onParted] gets the editor's text that was not the
 *   document's text, before the editor is replaced
 */

/**
 * @typedef {object} MountedEditor
 * @property {string} name of the text
 * @property {EditorView} view CodeMirror's; it may be replaced later
 * @property {() => boolean} seemsToAgree whether it shows the document's text, by a quick comparison
 * @property {(isReadOnly: boolean) => void} setReadOnly
 * @property {() => void} destroy
 */

/**
 * Replaces the content of `host`. Call it when the document has synced: before that, nobody knows its text.
 *
 * @param {SharedDocument} shared
 * @param {string} name of the text
 * @param {HTMLElement} host
 * @param {Options} [options]
 * @returns {MountedEditor}
 */
export function mountEditor(shared, name, host, options = {}) {
  const { awareness, undoManager } = shared
  const text = shared.texts[name]
  if (!text) throw new Error(`openDocument was not given the text "${name}"`)
  const { label = name, hint = "", isOneLine = false, onEnter = () => {}, extensions = [], getMargins = () => ({}) } = options
  const { nonce = pageNonce(), onParted = (_shown, mountAnew) => mountAnew() } = options
  const writable = new Compartment()
  /** @type {Extension} */
  let writing = shared.isReadOnly ? READ_ONLY : []

  const mount = () => {
    host.replaceChildren()
    const state = EditorState.create({
      doc: readText(text),
      extensions: [
        extensions,
        named(label, { "aria-multiline": String(!isOneLine) }),
        placeholder(hint),
        isOneLine ? oneLine(onEnter) : [],
        EditorView.updateListener.of((update) => update.docChanged && agreement.onEdited()),
        lineEnds,
        undoSteps(undoManager), // before the binding passes a change to the document, where it is recorded
        binding,
        withoutSync(yCollab(text, null, { undoManager })),
        showCutPairs(text),
        remoteCursors(text, awareness),
        lineDirections,
        keymap.of([...yUndoManagerKeymap, ...defaultKeymap]),
        highlightSpecialChars(),
        matchHighlights,
        EditorView.lineWrapping,
        EditorView.scrollMargins.of(getMargins),
        EditorView.cspNonce.of(nonce),
        writable.of(writing),
      ],
    })
    return new EditorView({ state, parent: host })
  }
  const mountAnew = () => {
    const { state, hasFocus } = view
    view.destroy()
    view = mount()
    const caret = follow(state.selection.main.head, state.doc.toString(), view.state.doc.toString())
    view.dispatch({ selection: { anchor: caret } })
    if (hasFocus) view.focus()
  }
  for (const other of [...shared.editors]) if (host.contains(other.view.dom)) other.destroy()
  let view = mount()
  const getShown = () => getText(view)
  const agreement = watchAgreement(text, getShown, () => onParted(getShown().toString(), mountAnew))

  const editor = {
    name,
    get view() {
      return view
    },
    seemsToAgree: () => agreement.seemsToAgree(),
    /** @param {boolean} isReadOnly */
    setReadOnly(isReadOnly) {
      writing = isReadOnly ? READ_ONLY : []
      view.dispatch({ effects: writable.reconfigure(writing) })
    },
    destroy() {
      const at = shared.editors.indexOf(editor)
      if (at < 0) return // it has been destroyed before
      shared.editors.splice(at, 1)
      agreement.destroy()
      view.destroy()
      if (shared.editors.every((other) => other.name !== name)) hideCursor(text, awareness)
    },
  }
  shared.editors.push(editor)
  return editor
}

/** @param {() => void} onEnter */
function oneLine(onEnter) {
  const run = () => (onEnter(), true)
  /** @param {EditorView} view */
  const down = (view) => isOnLastRow(view) && run()
  return [
    Prec.high(keymap.of(["Enter", "Shift-Enter", "Mod-Enter"].map((key) => ({ key, run })))),
    Prec.high(keymap.of([{ key: "ArrowDown", run: down }])),
    EditorView.clipboardInputFilter.of(joinLines),
    // No other command makes a line either, such as one that copies a line. What comes from the shared text is shown.
    EditorState.changeFilter.of(
      (transaction) => transaction.annotation(ySyncAnnotation) !== undefined || !makesLines(transaction.changes),
    ),
  ]
}

/** @param {EditorView} view whose line may be wrapped */
function isOnLastRow(view) {
  const { doc, selection } = view.state
  const [here, end] = [view.coordsAtPos(selection.main.head, 1), view.coordsAtPos(doc.length, -1)]
  return !here || !end || end.top < here.bottom
}

/** @param {import("@codemirror/state").ChangeSet} changes */
function makesLines(changes) {
  let makes = false
  changes.iterChanges((_fromA, _toA, _fromB, _toB, inserted) => (makes ||= inserted.lines > 1))
  return makes
}

/** @param {string} text whose spaces stay as they are, unless it has several lines */
function joinLines(text) {
  const lines = text.split(/[\r\n]/)
  if (lines.length === 1) return text
  return lines.map((line) => line.trim()).filter(Boolean).join(" ")
}

function pageNonce() {
  const script = /** @type {HTMLScriptElement | null} */ (document.querySelector("script[nonce]"))
  return script?.nonce ?? ""
}

/**
 * @param {string} name
 * @param {Record<string, string>} attributes
 */
function named(name, attributes) {
  return EditorView.contentAttributes.of({ "aria-label": name, dir: "auto", ...PROSE, ...attributes })
}

/** @param {Extension} collab a list, in which the binding replaces one part */
function withoutSync(collab) {
  return Array.isArray(collab) ? collab.filter((extension) => extension !== ySync) : collab
}
