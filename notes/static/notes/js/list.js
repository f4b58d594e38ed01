// @ts-check
// The list of notes, live. Its socket says who is in which note, and that a note changed: then the page fetches its
// own address again and takes the list from it. Django always renders the list.

import { openLobby } from "channels-yjs/lobby.js"
import { personItem } from "channels-yjs/person.js"

/** @import { Person } from "channels-yjs/person.js" */

const REFRESH_AT_MOST_EVERY_MS = 700
const REFRESH_AT_LEAST_EVERY_MS = 60_000 // "2 minutes ago" grows old too

const host = /** @type {HTMLElement} */ (document.getElementById("notes"))
/** @type {Map<string, Person[]>} */
let people = new Map()
/** @type {number | undefined} */
let timer
let isRefreshing = false

openLobby(host.dataset.socket ?? "", {
  onPeople(now) {
    people = now
    showPeople()
  },
  onChanged: refreshSoon,
})
setInterval(refreshSoon, REFRESH_AT_LEAST_EVERY_MS)

function refreshSoon() {
  timer ??= setTimeout(refresh, REFRESH_AT_MOST_EVERY_MS)
}

async function refresh() {
  timer = undefined
  if (isRefreshing) return refreshSoon()
  isRefreshing = true
  try {
    const response = await fetch(location.href)
    if (!response.ok) return
    const fetched = new DOMParser().parseFromString(await response.text(), "text/html").getElementById("notes")
    if (host.matches(":active")) return refreshSoon() // a link that is pressed and let go must be the same
    if (fetched) swap(fetched)
  } catch {
    // the server is away; when the socket is back, the list is fetched again
  } finally {
    isRefreshing = false
  }
}

/** @param {HTMLElement} fetched */
function swap(fetched) {
  const focused = host.contains(document.activeElement) ? document.activeElement?.getAttribute("href") : null
  const shown = [...host.querySelectorAll("[data-note]")].map((card) => card.getAttribute("data-note"))
  const cards = shown.map((note) => fetched.querySelector(`[data-note="${note}"]`))
  for (const card of cards) card?.parentElement?.append(card) // below new ones, in their order: nobody hits what moves
  host.replaceChildren(...fetched.childNodes)
  showPeople()
  if (focused) {
    const links = /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll("a[href]"))
    for (const link of links) if (link.getAttribute("href") === focused) link.focus({ preventScroll: true })
  }
}

function showPeople() {
  for (const card of /** @type {NodeListOf<HTMLElement>} */ (host.querySelectorAll("[data-note]"))) {
    const here = people.get(card.dataset.note ?? "") ?? []
    const list = /** @type {HTMLElement} */ (card.querySelector(".people"))
    list.hidden = here.length === 0
    list.ariaLabel = `In this note: ${here.map((person) => person.name).join(", ")}`
    list.replaceChildren(...here.map(personItem))
  }
}
