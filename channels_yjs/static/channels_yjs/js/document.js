// @ts-check
// A shared document in this page: its Y.Doc, and the provider that keeps it in step with the server's. Everything
// else here shows it or writes in it; other Yjs bindings work on its `doc` as well.

import * as decoding from "lib0/decoding"
import * as encoding from "lib0/encoding"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"

/**
 * @import { Awareness } from "y-protocols/awareness"
 * @import { MountedEditor } from "./editor.js"
 */

export const VALUES = "values" // the name of the map with the values, on the server as well

const NOT_ALLOWED = 4403
export const GONE = [4404, 4409] // after these codes nothing written here can ever be saved
const TOO_LARGE = 4413
const ACCESS_STATUS = 103
const READ = 0
const OPENING_MS = 30_000 // a handshake that is not answered by then never will be; some browsers wait for minutes
const LOADING_MS = 300_000 // a large document is one message, for which a slow line takes minutes
const KEEP_EVERY_MS = 5000
const FAR_TOO_LARGE = 1009 // the WebSocket's own code, from a server that did not even read the frame

/**
 * @typedef {object} SharedDocument
 * @property {Y.Doc} doc
 * @property {Record<string, Y.Text>} texts by name
 * @property {WebsocketProvider} provider
 * @property {Awareness} awareness
 * @property {Y.UndoManager} undoManager for the changes made in this page; editors add themselves
 * @property {MountedEditor[]} editors the mounted ones, in the order of mounting
 * @property {Promise<void>} synced resolves once everything that the server has is here
 * @property {"read" | "write"} access what I may do, as far as the server has said; known when the document has synced
 * @property {Set<() => void>} accessListeners are called when that changes, or `isReadOnly`
 * @property {Promise<Record<string, string>>} refused resolves when the server has not taken everything that was written
 *   here, because I may only read now, with the texts by name as they were, and the values that were changed here:
 *   "place: By the mill" has the name "values.place". They are no longer the document's: destroy this and open the
 *   document again.
 * @property {boolean} isReadOnly for either reason
 * @property {() => void} makeReadOnly lets the document be read, and changed no more; happens by itself when the server
 *   says that the document is gone. If it shuts this person out, that lasts until it lets them in again
 * @property {Set<() => void>} endings what destroying it undoes
 * @property {() => void} destroy ends everything that shows it
 */

/**
 * @param {string} address of its WebSocket, such as "/ws/meetings/1?identity=…". The identity of the row's document
 *   lets the server tell a page that comes back after the database was recreated that this is another document now.
 * @param {string[]} names of its texts, as `shared_texts` has them
 * @returns {SharedDocument}
 */
export function openDocument(address, names) {
  const { origin, pathname, searchParams } = new URL(address, location.href)
  const [, folder, name] = /** @type {RegExpExecArray} */ (/^(.*)\/([^/]+\/?)$/.exec(pathname))
  const doc = new Y.Doc()
  const texts = Object.fromEntries(names.map((name) => [name, doc.getText(name)]))
  // No broadcast channel: two tabs of one browser would sync without the server, and hide its faults.
  const provider = new WebsocketProvider(origin.replace("http", "ws") + folder, name, doc, {
    disableBc: true,
    // The names, so that the server refuses a wrong one; and that this page wants to be told what it may do.
    params: { ...Object.fromEntries(searchParams), texts: names.join(), access: "1" },
  })
  const { awareness } = provider
  /** @type {Set<string>} the keys of the values that were changed here */
  const setHere = new Set()
  /** @type {Y.Map<unknown> | undefined} a text may have that name in a document without values */
  const values = names.includes(VALUES) ? undefined : doc.getMap(VALUES)
  values?.observe(({ keysChanged }, { local }) => local && keysChanged.forEach((key) => setHere.add(key)))
  const undoManager = new Y.UndoManager(Object.values(texts), { doc, trackedOrigins: new Set() })
  /** @type {MountedEditor[]} */
  const editors = []
  /** @type {number | undefined} a timer */
  let opening
  let openedAt = 0
  // y-websocket gives up a connection on which no message has ended for 30 s: also one that is bringing the document.
  const loading = setInterval(() => {
    const isLoading = provider.wsconnected && !provider.synced && Date.now() - openedAt < LOADING_MS
    if (isLoading) provider.wsLastMessageReceived = Date.now()
  }, KEEP_EVERY_MS)

  const awaitOpening = () => {
    clearTimeout(opening)
    const { ws, wsconnecting } = provider
    if (wsconnecting) opening = setTimeout(() => ws?.close(), OPENING_MS)
  }
  /** @param {{ status: string }} event */
  const onStatus = ({ status }) => {
    awaitOpening()
    // Awareness believes only newer clocks. So with each connection we start a new clock of our own, and when the
    // connection is lost we forget those of others: otherwise people who were here before would not be here after.
    if (status === "connected") openedAt = Date.now()
    if (status === "connected") awareness.setLocalState(awareness.getLocalState())
    if (status === "disconnected") {
      for (const id of awareness.meta.keys()) if (id !== doc.clientID) awareness.meta.delete(id)
    }
  }
  /** @param {CloseEvent | null} event */
  const onLost = (event) => {
    if (event?.code !== FAR_TOO_LARGE) return
    provider.disconnect() // otherwise it would send the same frame again and again
    queueMicrotask(() => provider.emit("closed", [{ code: TOO_LARGE, reason: "" }, provider]))
  }
  /** @type {"read" | "write"} */
  let access = "write"
  let isOver = false
  let isShutOut = false // until the server lets me in again, as after a login
  const isReadOnly = () => isOver || isShutOut || access === "read"
  /** @type {Set<() => void>} */
  const accessListeners = new Set()
  /** @type {Set<() => void>} */
  const endings = new Set()
  /** @type {(texts: Record<string, string>) => void} */
  let refuse
  /** @type {Promise<Record<string, string>>} */
  const refused = new Promise((resolve) => (refuse = resolve))

  const followAccess = () => {
    if (isReadOnly()) undoManager.clear() // otherwise Mod-z would still change a read-only text
    for (const editor of editors) editor.setReadOnly(isReadOnly())
    for (const listener of [...accessListeners]) listener()
  }
  const makeReadOnly = () => {
    isOver = true
    followAccess()
  }
  /** @param {boolean} isOut */
  const shutOut = (isOut) => {
    if (isOut === isShutOut) return
    isShutOut = isOut
    followAccess()
  }
  provider.messageHandlers[ACCESS_STATUS] = (encoder, decoder) => {
    const status = decoding.readVarUint(decoder)
    const isLost = decoding.readVarUint(decoder)
    const now = status === READ ? "read" : "write"
    if (now !== access) {
      access = now
      followAccess()
    }
    if (isLost) {
      const written = names.map((name) => [name, texts[name].toString()])
      const set = [...setHere].map((key) => [`${VALUES}.${key}`, `${key}: ${values?.get(key)}`])
      refuse(Object.fromEntries([...written, ...set]))
    }
    // The answer: from here on nothing is written that the server would not take.
    for (const number of [ACCESS_STATUS, status, isLost]) encoding.writeVarUint(encoder, number)
  }
  /** @param {{ code: number }} event */
  const onClosed = ({ code }) => {
    if (GONE.includes(code)) makeReadOnly()
    if (code === NOT_ALLOWED) shutOut(true)
  }
  provider.on("closed", onClosed)
  provider.on("sync", (/** @type {boolean} */ isSynced) => isSynced && shutOut(false))
  // A browser that has lost its network does not close its sockets: they would look alive for half a minute.
  const onOffline = () => {
    if (!provider.shouldConnect) return
    provider.disconnect()
    provider.connect()
  }
  window.addEventListener("offline", onOffline)
  provider.on("status", onStatus)
  awaitOpening()
  provider.on("connection-close", onLost)
  return {
    doc,
    texts,
    provider,
    awareness,
    editors,
    undoManager,
    makeReadOnly,
    accessListeners,
    endings,
    refused,
    get access() {
      return access
    },
    get isReadOnly() {
      return isReadOnly()
    },
    synced: new Promise((resolve) => provider.once("sync", () => resolve())),
    destroy() {
      isOver = true // what is mounted from now on could save nothing
      for (const end of [...endings]) end()
      for (const editor of [...editors]) editor.destroy()
      provider.destroy()
      window.removeEventListener("offline", onOffline)
      clearTimeout(opening)
      clearInterval(loading)
      doc.destroy()
    },
  }
}
