// Suggestions while typing. The field works without them: Enter searches for what was typed.

const input = document.querySelector('input[data-suggestions]')
if (input) offerSuggestions(input)

function offerSuggestions(input) {
  const list = document.createElement('ul')
  list.className = 'suggestions'
  list.id = 'suggestions'
  list.setAttribute('role', 'listbox')
  list.setAttribute('aria-label', input.dataset.suggestionsLabel)
  list.hidden = true
  input.closest('form').append(list)
  input.setAttribute('role', 'combobox')
  input.setAttribute('aria-autocomplete', 'list')
  input.setAttribute('aria-controls', list.id)
  input.setAttribute('aria-expanded', 'false')

  let chosen = -1
  let asked
  let timer

  const close = () => {
    list.hidden = true
    chosen = -1
    input.setAttribute('aria-expanded', 'false')
    input.removeAttribute('aria-activedescendant')
  }

  const choose = (index) => {
    const options = [...list.children]
    if (options.length === 0) return
    chosen = (index + options.length) % options.length
    for (const [at, option] of options.entries()) option.setAttribute('aria-selected', String(at === chosen))
    input.setAttribute('aria-activedescendant', options[chosen].id)
  }

  const take = (option) => {
    input.value = option.dataset.text
    close()
    input.form.requestSubmit()
  }

  const show = (suggestions) => {
    list.replaceChildren(
      ...suggestions.map(({ text, kind }, index) => {
        const option = document.createElement('li')
        option.id = `suggestion-${index}`
        option.setAttribute('role', 'option')
        option.setAttribute('aria-selected', 'false')
        option.dataset.text = text
        const [words, what] = [document.createElement('span'), document.createElement('span')]
        words.dir = 'auto'
        words.textContent = text
        what.className = 'kind'
        what.textContent = kind === 'author' ? input.dataset.author : input.dataset.title
        option.append(words, what)
        // Before the field loses its focus, or the list would be gone by the click.
        option.addEventListener('pointerdown', (event) => {
          event.preventDefault()
          take(option)
        })
        return option
      }),
    )
    chosen = -1
    list.hidden = suggestions.length === 0
    input.setAttribute('aria-expanded', String(!list.hidden))
  }

  const ask = async () => {
    asked?.abort()
    const query = input.value.trim()
    if (query.length < 2) return close()
    asked = new AbortController()
    try {
      const address = `${input.dataset.suggestions}?${new URLSearchParams({ query })}`
      const answer = await fetch(address, { signal: asked.signal })
      if (answer.ok && document.activeElement === input) show((await answer.json()).suggestions)
    } catch {
      // Typing went on, or the network is away: no suggestions then.
    }
  }

  input.addEventListener('input', () => {
    clearTimeout(timer)
    timer = setTimeout(ask, 120)
  })
  input.addEventListener('blur', close)
  input.addEventListener('keydown', (event) => {
    if (list.hidden) return
    if (event.key === 'ArrowDown') choose(chosen + 1)
    else if (event.key === 'ArrowUp') choose(chosen - 1)
    else if (event.key === 'Escape') close()
    else if (event.key === 'Enter' && chosen >= 0) take(list.children[chosen])
    else return
    event.preventDefault()
  })
}
