// @ts-check
// The connection of a list: who is in which row's document, and which rows appeared, changed or went.

/** @import { Person } from "./person.js" */

const FIRST_RETRY_MS = 200
const LAST_RETRY_MS = 3000
const SILENT_MS = 30_000 // the server says something every ten seconds: a page is not told of a line that is just dead
const FOR_GOOD = { from: 4400, to: 4499 } // after these codes it makes no sense to reconnect

/**
 * Keeps reconnecting until it is destroyed, or refused.
 *
 * @param {string} address of its WebSocket, such as "/ws/meetings"
 * @param {object} listeners
 * @param {(people: Map<string, Person[]>) => void} [listeners.onPeople] gets all people, by the row's key
 * @param {(keys: string[]) => void} [listeners.onChanged] gets the keys of rows; after a reconnection an empty list,
 *   since nobody knows what has changed meanwhile
 */
export function openLobby(address, { onPeople = () => {}, onChanged = () => {} }) {
  const url = new URL(address, location.href)
  /** @type {Map<string, Person[]>} */
  const people = new Map()
  /** @type {WebSocket} */
  let socket
  /** @type {number | undefined} */
  let timer
  /** @type {number | undefined} */
  let silence
  let retry = FIRST_RETRY_MS
  let isOver = false

  const connect = () => {
    const own = (socket = new WebSocket(url.href.replace("http", "ws")))
    let isNew = true // until its first message: a server may let everybody in, to say at once why it cannot go on
    listen() // a handshake may never be answered
    socket.addEventListener("message", ({ data }) => {
      if (own !== socket) return
      listen()
      if (isNew) onChanged([])
      isNew = false
      retry = FIRST_RETRY_MS
      onNews(JSON.parse(data))
    })
    socket.addEventListener("close", ({ code }) => {
      if (own !== socket) return
      forget()
      if (isOver || (code >= FOR_GOOD.from && code <= FOR_GOOD.to)) return
      timer = setTimeout(connect, retry)
      retry = Math.min(2 * retry, LAST_RETRY_MS)
    })
  }
  const listen = () => {
    clearTimeout(silence)
    silence = setTimeout(onSilent, SILENT_MS)
  }
  const forget = () => {
    clearTimeout(silence)
    if (isOver || people.size === 0) return
    people.clear() // nobody knows who is where, until the first message of a new connection brings everybody again
    onPeople(people)
  }
  const onSilent = () => {
    socket.close() // which says so some time later, or never
    forget()
    connect()
  }
  /** @param {{ people?: Record<string, Person[]>, changed?: string[] }} news of some rows */
  const onNews = (news) => {
    if (news.changed) onChanged(news.changed)
    if (!news.people) return
    for (const [key, here] of Object.entries(news.people)) people.set(key, here)
    onPeople(people)
  }
  connect()
  return {
    destroy() {
      isOver = true // a socket that is still connecting closes with a code of its own
      clearTimeout(timer)
      clearTimeout(silence)
      socket.close(FOR_GOOD.from)
    },
  }
}
