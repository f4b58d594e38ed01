// @ts-check
// The notice on a page that has never reached the server: its text can be read and not yet changed, and something may
// block the way. A browser tells a script nothing of a refused socket but a close code, so the page names the address
// it tried.

import { lasting } from "./lasting.js"

/** @import { SharedDocument } from "./document.js" */

const PATIENCE_MS = 5000 // some proxies neither pass the upgrade on nor refuse it

/**
 * @param {SharedDocument} shared
 * @param {HTMLElement} element shows the notice, as long as it is true
 */
export function showUnreached(shared, element) {
  const { provider } = shared
  let shown = ""
  /** @param {string} outcome */
  const show = (outcome) => {
    if (shown === outcome) return // or a screen reader would read it out at each try
    shown = outcome
    element.replaceChildren(
      paragraph(
        "This page has not reached the server yet, so what is here can be read but not changed. " +
          "The page keeps trying, and there is no need to reload it.",
      ),
      paragraph(`It tries to open ${provider.url.split("?")[0]}. ${outcome}`),
      paragraph(
        "If this goes on, a proxy or a tunnel between this browser and the server may not pass on WebSockets, or the " +
          "server may refuse pages from this address; then its log says so.",
      ),
    )
    element.hidden = false
  }
  const timer = setTimeout(() => show("There has been no answer yet."), PATIENCE_MS)
  /** @param {CloseEvent | null} event */
  const onLost = (event) => {
    clearTimeout(timer)
    const reason = event?.reason ? `: ${event.reason}` : "."
    show(event ? `The last try ended with code ${event.code}${reason}` : "This page has cut the line itself.")
  }
  const hide = () => {
    clearTimeout(timer)
    shown = ""
    element.hidden = true
  }
  const { destroy } = lasting(shared, () => {
    hide()
    provider.off("connection-close", onLost)
    provider.off("closed", hide)
    provider.off("sync", destroy)
  })
  provider.on("connection-close", onLost)
  provider.on("closed", hide) // for good, and another notice says why
  provider.on("sync", destroy) // from now on being offline is something else
  if (provider.synced) destroy()
  return { destroy }
}

/** @param {string} text */
function paragraph(text) {
  const element = document.createElement("p")
  element.textContent = text
  return element
}
