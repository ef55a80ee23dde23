// Runs before the page is drawn, so that it is not drawn in the wrong colors first.
{
  const chosen = localStorage.getItem('processor.theme');
  if (chosen === 'light' || chosen === 'dark') document.documentElement.dataset.theme = chosen;
}
