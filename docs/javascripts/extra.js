// Adds what the theme lacks for people who use a keyboard or a screen reader: a name for its search dialog, a name
// for each group of buttons at the corner of code (they are made as they come into view), and a way to scroll tables.
// And for people who build along: at a diff the button copies the whole file, which is in the tab beside it.
let count = 0
const mend = () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  for (const buttons of document.querySelectorAll(".md-code__nav:not([aria-label])")) {
    buttons.setAttribute("aria-label", `Code ${++count}`)
  }
  for (const button of document.querySelectorAll('[data-form="diff"] button[data-clipboard-target]')) {
    const whole = button.closest(".tabbed-content").querySelector('[data-form="whole"] code')
    button.removeAttribute("data-clipboard-target")
    button.setAttribute("data-clipboard-text", whole.textContent)
    button.title = "Copy the whole file"
  }
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) table.tabIndex = 0
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true })
mend()
