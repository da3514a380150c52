/** The script that the live view's page runs in the browser. */
(() => {
  const byId = (id) => document.getElementById(id);
  const events = new EventSource('events');

  /** @param state - A `LiveState`. */
  const show = ({ ended, runs }) => {
    const going = runs.length === 1 ? '1 run in progress' : `${runs.length} runs in progress`;
    byId('live-state').textContent = ended
      ? 'All runs have ended. These are their results.'
      : runs.length === 0
        ? 'A run is about to begin'
        : going;
    byId('live-runs').replaceChildren(
      ...runs.map(({ name, progress, step, loss, imagesPerSecond }) => {
        const item = document.createElement('li');
        const bar = Object.assign(document.createElement('progress'), { value: progress, ariaLabel: name });
        const title = Object.assign(document.createElement('b'), { textContent: name });
        const figures = `step ${step}, loss ${Number(loss).toPrecision(4)}, ${imagesPerSecond.toFixed(0)} images/s`;
        item.append(title, bar, figures);
        return item;
      }),
    );
  };

  let loading = false;
  let again = false;
  /** Shows the new report, and keeps unfolded sections and the scroll position. */
  const reload = async () => {
    again = loading;
    if (loading) return;
    loading = true;
    const text = await fetch('./')
      .then((response) => (response.ok ? response.text() : undefined))
      // The process has ended. The connection is restored if it is started again.
      .catch(() => undefined);
    loading = false;
    if (text !== undefined) {
      const fresh = new DOMParser().parseFromString(text, 'text/html');
      const open = [...document.querySelectorAll('details[open]')].map(({ id }) => id);
      for (const part of ['header', 'main', 'footer']) {
        const [now, before] = [fresh, document].map((page) => page.querySelector(`body > ${part}`));
        if (now && before) before.replaceWith(document.adoptNode(now));
      }
      document.title = fresh.title;
      for (const id of open) byId(id)?.setAttribute('open', '');
    }
    if (again) await reload();
  };

  events.addEventListener('progress', (event) => show(JSON.parse(event.data)));
  // Changes before the connection was opened were missed.
  events.addEventListener('open', () => void reload());
  events.addEventListener('changed', () => void reload());
  events.onerror = () => {
    byId('live-state').textContent = 'The training process has ended. These are its last results.';
    byId('live-runs').replaceChildren();
  };
})();
