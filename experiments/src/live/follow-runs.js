/** What the live view's page runs in the browser. */
(() => {
  const byId = (id) => document.getElementById(id);
  const events = new EventSource('events');

  /** @param state `LiveState` */
  const show = ({ ended, runs }) => {
    const going = runs.length === 1 ? '1 run going on' : `${runs.length} runs going on`;
    byId('live-state').textContent = ended
      ? 'All runs are over. This is what they gave.'
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
  /** Takes over the new report; what was unfolded stays so, and the page stays where it was scrolled to. */
  const reload = async () => {
    again = loading;
    if (loading) return;
    loading = true;
    const text = await fetch('./')
      .then((response) => (response.ok ? response.text() : undefined))
      // The process is gone. Should it come back, so does the connection.
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
  // Of what changed before it was connected it has not been told.
  events.addEventListener('open', () => void reload());
  events.addEventListener('changed', () => void reload());
  events.onerror = () => {
    byId('live-state').textContent = 'The process that trains is gone. This is what there was.';
    byId('live-runs').replaceChildren();
  };
})();
