/** Hands something to the reader as a file, without asking the server again. @param {string} name @param {string | Blob} content @param {string} [type] */
export function download(name, content, type = 'application/json') {
  const url = URL.createObjectURL(new Blob([content], { type }))
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  setTimeout(() => URL.revokeObjectURL(url), 1000)
}
