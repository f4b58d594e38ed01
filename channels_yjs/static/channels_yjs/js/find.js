// @ts-check
// Find in a document. The browser's own search sees only the lines near the screen, since an editor draws no others.
// One panel searches all editors: from the first to the last, then from the start again.

import { SearchQuery } from "@codemirror/search"
import { EditorSelection } from "@codemirror/state"
import { EditorView } from "@codemirror/view"
import { isKey } from "./keys.js"
import { lasting } from "./lasting.js"
import { found, isSame, matchesIn, setFound } from "./matches.js"
import { firstInView } from "./place.js"

/**
 * @import { SharedDocument } from "./document.js"
 * @import { Match } from "./matches.js"
 */

const LONGEST_SELECTION = 100 // characters: nobody wants to find a longer selection
const COUNT_AGAIN_MS = 100 // after a change: searching a large note takes a while, and others may be typing
const MARGIN_PX = 48 // between a match and the edge of what is in view

/**
 * @param {SharedDocument} shared
 * @param {object} parts
 * @param {() => number} parts.getTop the height on the screen from which the text is in view
 * @param {HTMLElement} parts.button opens the panel
 * @param {HTMLElement} parts.panel
 * @param {HTMLInputElement} parts.input
 * @param {HTMLElement} parts.count shows the number of this match, and of all
 * @param {HTMLElement} parts.previous
 * @param {HTMLElement} parts.close
 */
export function showFind(shared, { getTop, button, panel, input, count, previous, close }) {
  const { doc, editors } = shared
  const getViews = () => editors.map((editor) => editor.view)

  /** @type {Match[]} in the order of the page */
  let matches = []
  /** @type {Element | null} the element that had the focus before */
  let before = null
  /** @type {number | undefined} */
  let timer

  /** @returns {Match | undefined} */
  const getHere = () => {
    for (const view of getViews()) {
      const { here } = view.state.field(found)
      if (here) return { view, ...here }
    }
  }
  const search = () => {
    clearTimeout(timer)
    timer = undefined
    const query = new SearchQuery({ search: input.value, literal: true })
    matches = query.valid ? getViews().flatMap((view) => matchesIn(view, query)) : []
  }
  /** @param {Match | undefined} here */
  const show = (here) => {
    for (const view of getViews()) {
      const effect = setFound.of({
        matches: matches.filter((match) => match.view === view),
        here: here?.view === view ? { from: here.from, to: here.to } : null,
      })
      view.dispatch({ effects: effect })
    }
    const index = matches.findIndex((match) => match.view === here?.view && isSame(match, here))
    const words = input.value ? countInWords(index, matches.length) : ""
    if (count.textContent !== words) count.textContent = words // or it would be read out at each change of others
  }
  /** @param {(matches: Match[], here: Match) => Match | undefined} choose */
  const move = (choose) => {
    const here = getHere() ?? topOf(getViews(), getTop())
    search()
    const match = choose(matches, here)
    show(match ?? here)
    if (match) reveal(match)
  }
  const next = () => move((all, here) => all.find((match) => isAfter(match, here, here.to)) ?? all[0])
  const back = () => move((all, here) => all.filter((match) => !isAfter(match, here, here.from)).at(-1) ?? all.at(-1))
  /** @param {Match} match @param {Match} here @param {number} at */
  const isAfter = (match, here, at) => {
    const views = getViews()
    return (views.indexOf(match.view) - views.indexOf(here.view) || match.from - at) >= 0
  }

  const open = () => {
    const views = getViews()
    if (views.length === 0) return
    const focused = views.find((view) => view.hasFocus)
    if (panel.hidden) before = document.activeElement
    panel.hidden = false
    const words = focused ? selectedWords(focused) : ""
    if (words) input.value = words
    input.focus({ preventScroll: true })
    input.select()
    show(focused ? { view: focused, ...focused.state.selection.main } : (getHere() ?? topOf(views, getTop())))
    onInput()
  }
  const onInput = () => move((all, here) => all.find((match) => isAfter(match, here, here.from)) ?? all[0])
  const hide = () => {
    clearTimeout(timer)
    timer = undefined
    matches = []
    show(undefined)
    panel.hidden = true
  }
  const onClose = () => {
    const here = getHere()
    const isFound = here && here.from < here.to
    hide()
    if (isFound) here.view.focus()
    else if (before instanceof HTMLElement) before.focus({ preventScroll: true })
  }
  const onUpdate = () => {
    if (!panel.hidden) timer ??= setTimeout(() => (search(), show(getHere())), COUNT_AGAIN_MS)
  }
  /** @param {KeyboardEvent} event */
  const onPageKey = (event) => {
    if (!isFindKey(event) || event.defaultPrevented || getViews().length === 0) return
    const isInAnother = document.activeElement?.closest(".cm-editor") && !getViews().some((view) => view.hasFocus)
    if (isInAnother) return // of a document that has a panel of its own
    event.preventDefault()
    open()
  }
  /** @param {KeyboardEvent} event */
  const onPanelKey = (event) => {
    if (event.key === "Escape") onClose()
    else if (event.key === "Enter" && event.target === input && !event.isComposing) event.shiftKey ? back() : next()
    else return
    event.preventDefault()
  }
  /** @param {Event} event */
  const onSubmit = (event) => (event.preventDefault(), next())

  const controller = new AbortController()
  const { signal } = controller
  doc.on("update", onUpdate)
  document.addEventListener("keydown", onPageKey, { signal })
  button.addEventListener("click", open, { signal })
  input.addEventListener("input", onInput, { signal })
  previous.addEventListener("click", back, { signal })
  close.addEventListener("click", onClose, { signal })
  panel.addEventListener("keydown", onPanelKey, { signal })
  panel.addEventListener("submit", onSubmit, { signal })
  return lasting(shared, () => {
    hide()
    doc.off("update", onUpdate)
    controller.abort()
  })
}

/** @param {KeyboardEvent} event */
function isFindKey(event) {
  const { ctrlKey, metaKey, altKey, shiftKey } = event
  const isMac = /Mac|iP/.test(navigator.platform) // there Ctrl-F moves the caret
  return isKey(event, "f") && (isMac ? metaKey && !ctrlKey : ctrlKey && !metaKey) && !altKey && !shiftKey
}

/** @param {EditorView} view */
function selectedWords({ state }) {
  const { from, to } = state.selection.main
  const words = to - from > LONGEST_SELECTION ? "" : state.sliceDoc(from, to)
  return words.includes("\n") ? "" : words
}

/**
 * The start of a search for a person who has no caret: the first character in view.
 *
 * @param {EditorView[]} views
 * @param {number} top
 * @returns {Match}
 */
function topOf(views, top) {
  for (const view of [...views].reverse()) {
    const at = firstInView(view, top)
    if (at !== null) return { view, from: at, to: at }
  }
  return { view: views[0], from: 0, to: 0 }
}

/** @param {Match} match */
function reveal({ view, from, to }) {
  view.dispatch({
    selection: { anchor: from, head: to },
    effects: EditorView.scrollIntoView(EditorSelection.range(from, to), { yMargin: MARGIN_PX }),
    userEvent: "select.search",
  })
}

/**
 * @param {number} index
 * @param {number} total
 */
function countInWords(index, total) {
  if (total === 0) return "No matches"
  if (index >= 0) return `${index + 1} of ${total}`
  return total === 1 ? "1 match" : `${total} matches`
}
