// @ts-check
// The note page: puts the modules together. Document, provider, then what shows them. The text that Django
// rendered stands there until the first sync.

import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"
import { mountEditors } from "./editors.js"
import { showSaved } from "./saved.js"
import { showUndo } from "./undo.js"

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} id
 */
const get = (id) => /** @type {T} */ (document.getElementById(id))

const page = get("note")
const { note = "", nonce = "" } = page.dataset

const doc = new Y.Doc()
const title = doc.getText("title")
const body = doc.getText("body")
const undoManager = new Y.UndoManager([title, body], { trackedOrigins: new Set() }) // the editors add themselves
const address = `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/notes`
// Without its broadcast channel: two tabs of one browser would sync past the server, and hide its faults.
const provider = new WebsocketProvider(address, note, doc, { disableBc: true })

/** @type {ReturnType<typeof mountEditors> | undefined} */
let editors

showSaved(provider, get("changes"))
showUndo(undoManager, get("undo"), get("redo"))
get("controls").hidden = false

provider.on("sync", (isSynced) => {
  show(isSynced)
  if (isSynced && !editors) {
    editors = mountEditors({
      doc,
      undoManager,
      nonce,
      titleHost: get("title"),
      bodyHost: get("body"),
      getMargins: () => ({ top: get("bar").offsetHeight, bottom: 0 }),
    })
  }
})
const countLetters = () => {
  get("letters").textContent = `${[...body.toString()].length} letters`
}
body.observe(countLetters)
countLetters()
provider.on("connection-close", () => show(false))

/** @param {boolean} isLive */
function show(isLive) {
  get("connection").dataset.state = isLive ? "live" : "offline"
  get("connection").textContent = isLive ? "Live" : "Offline"
}
