// @ts-check
// The note page: puts the parts together. The text that Django rendered is shown until the first sync; after that the
// page works with or without a server.

import {
  answerSaveKey,
  copyText,
  keepPlace,
  mountEditor,
  openDocument,
  showAccess,
  showConnection,
  showFind,
  showPeople,
  showSaved,
  showUndo,
  showUnreached,
  showUnsent,
} from "channels-yjs"
import { loadIdentity } from "./identity.js"
import { showNotices } from "./notice.js"
import { showMyName } from "./people.js"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const note = openDocument(get("note").dataset.socket ?? "", ["title", "body"])
const { title, body } = note.texts

showConnection(note, get("connection"), get("offline"))
showUnreached(note, get("unreached"))
showAccess(note, get("access"))
note.refused.then((texts) => {
  sessionStorage.setItem("unsent", JSON.stringify(texts))
  note.destroy() // it holds what was not taken: the page begins again with what the server has
  location.reload()
})
const unsent = sessionStorage.getItem("unsent")
sessionStorage.removeItem("unsent")
if (unsent) showUnsent(get("unsent"), JSON.parse(unsent))
const saved = showSaved(note, get("changes"))
answerSaveKey(get("changes"), get("answer"))
const { name, color } = loadIdentity()
showMyName(note, { name: get("note").dataset.me || name, color }, get("my-name"))
showPeople(note, get("people"))
showUndo(note, get("undo"), get("redo"))
const notices = showNotices(note, get("notice"), {
  hosts: [get("title"), get("body")],
  onDeleted: () => (get("controls").hidden = true),
})
const getTop = () => heightOf("top", "find")
showFind(note, {
  getTop,
  button: get("open-find"),
  panel: get("find"),
  input: get("find-words"),
  count: get("find-count"),
  previous: get("find-previous"),
  close: get("find-close"),
})
keepPlace(note, "body", getTop)
showCopyAddress(document.getElementById("copy-address"))
title.observe(() => {
  document.title = `${title.toString().trim() || "Untitled"} · Realtime Notes`
})

await note.synced
get("controls").hidden = get("here").hidden = false
const options = {
  getMargins: () => ({ top: getTop(), bottom: heightOf("here") }),
  /** @type {(shown: string, mountAnew: () => void) => void} */
  onParted(shown, mountAnew) {
    notices.offerLost(shown)
    saved.show()
    mountAnew()
    saved.show()
  },
}
mountEditor(note, "title", get("title"), {
  ...options,
  label: "Title",
  hint: "Untitled",
  isOneLine: true,
  onEnter: () => text.view.focus(),
})
const text = mountEditor(note, "body", get("body"), {
  ...options,
  label: "Note",
  hint: "Write something. Everybody who has this note open sees it at once.",
})

/** The height of a bar over the text. @param {...string} ids the first one that does not scroll away with it */
function heightOf(...ids) {
  return ids.map(get).find((bar) => getComputedStyle(bar).position === "sticky")?.offsetHeight ?? 0
}

/** @param {HTMLElement | null} button null in a pane of the side-by-side page */
function showCopyAddress(button) {
  if (!button) return
  button.hidden = false
  button.addEventListener("click", async () => {
    await copyText(location.origin + location.pathname)
    button.textContent = "Copied"
    setTimeout(() => (button.textContent = "Copy address"), 2000)
  })
}
