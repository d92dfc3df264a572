import 'htmx.org'
document.documentElement.classList.add('js')
