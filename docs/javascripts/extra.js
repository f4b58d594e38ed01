// What the theme leaves out for those who use a keyboard or a screen reader: a name for its search dialog, a name of its
// own for each group of buttons at the corner of code (they are made as they come into view), and a way to scroll tables.
let count = 0
const mend = () => {
  document.querySelector(".md-search")?.setAttribute("aria-label", "Search")
  for (const buttons of document.querySelectorAll(".md-code__nav:not([aria-label])")) {
    buttons.setAttribute("aria-label", `Code ${++count}`)
  }
  for (const table of document.querySelectorAll(".md-typeset__scrollwrap:not([tabindex])")) table.tabIndex = 0
}
new MutationObserver(mend).observe(document.body, { childList: true, subtree: true })
mend()
