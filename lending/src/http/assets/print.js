// A button that prints, where there is script; without it the browser's own menu does.

for (const place of document.querySelectorAll('[data-print]')) {
  const button = document.createElement('button')
  button.type = 'button'
  button.className = 'button'
  button.textContent = place.dataset.print
  button.addEventListener('click', () => print())
  place.append(button)
}
