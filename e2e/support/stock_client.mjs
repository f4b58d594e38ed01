// A stock Yjs client, y-websocket as npm has it, driven by lines of JSON: {"do": "insert", ...}. Each is answered
// with one line. It knows nothing of this project but the address.

import { createInterface } from "node:readline"
import WebSocket from "ws"
import { Awareness, applyAwarenessUpdate, encodeAwarenessUpdate } from "y-protocols/awareness"
import { WebsocketProvider } from "y-websocket"
import * as Y from "yjs"

const [address, room] = process.argv.slice(2)
const doc = new Y.Doc()
const provider = new WebsocketProvider(address, room, doc, { WebSocketPolyfill: WebSocket, disableBc: true })
const undoManager = new Y.UndoManager(doc.getText("body"))

const verbs = {
  sync: () => provider.synced || new Promise((resolve) => provider.once("sync", resolve)),
  text: ({ root = "body" }) => doc.getText(root).toString(),
  insert: ({ root = "body", index, text }) => doc.getText(root).insert(index, text),
  embed: ({ index }) => doc.getText("body").insertEmbed(index, { image: "fox.png" }),
  undo: () => undoManager.undo() !== null,
  set: ({ key, value }) => {
    const map = new Y.Map()
    map.set("value", value)
    doc.getMap("stranger").set(key, map)
  },
  map: () => doc.getMap("stranger").toJSON(),
  name: ({ name }) => provider.awareness.setLocalStateField("user", { name, color: "#123456" }),
  names: () => [...provider.awareness.getStates().values()].map((state) => state.user?.name).sort(),
  // Acts like a hidden tab, only longer: its timers do not run, and so it says nothing on its own.
  sleep: () => {
    clearInterval(provider.awareness._checkInterval)
    clearInterval(provider._checkInterval)
  },
  // Adds a person of whom nothing more is heard, and answers with the remaining people once that one is forgotten.
  forget: () =>
    new Promise((resolve) => {
      const ghost = new Awareness(new Y.Doc())
      ghost.setLocalState({}) // otherwise its clock would be 0, which is no news
      applyAwarenessUpdate(provider.awareness, encodeAwarenessUpdate(ghost, [ghost.clientID]), null)
      ghost.destroy()
      provider.awareness.on("change", ({ removed }) => removed.includes(ghost.clientID) && resolve(verbs.names()))
    }),
  // As a network does it, so that it can say no goodbye. It comes back when it is told to.
  cut: () =>
    new Promise((resolve) => {
      provider.shouldConnect = false
      provider.once("connection-close", () => resolve(null))
      provider.ws.terminate()
    }),
  disconnect: () => provider.disconnect(),
  connect: () => provider.connect(),
}

for await (const line of createInterface({ input: process.stdin })) {
  const command = JSON.parse(line)
  const answer = await verbs[command.do](command)
  console.log(JSON.stringify(answer ?? null))
}
process.exit()
