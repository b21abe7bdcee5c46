/* page.js - values where the pointer is, filters, sorting. The page is whole without it. */
'use strict';
(() => {
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  const tip = document.createElement('div');
  tip.id = 'tip';
  tip.hidden = true;
  tip.setAttribute('role', 'status');
  document.body.append(tip);

  /* What is known of a cell: the columns of its row among all cells. */
  const describe = (number) => {
    const row = document.getElementById('r' + number);
    if (!row) return false;
    const heads = all('thead th', row.closest('table')).map((h) => h.textContent);
    const title = document.createElement('b');
    title.textContent = row.closest('table').caption.textContent.split(':')[0] + ' ' +
      [...row.cells].filter((c) => c.matches('th, .word')).map((c) => c.textContent).join(' ');
    tip.replaceChildren(title);
    [...row.cells].forEach((cell, i) => {
      if (cell.matches('th, .word') || !cell.textContent) return;
      const item = document.createElement('span');
      const name = document.createElement('i');
      name.textContent = heads[i] + ' ';
      item.append(name, cell.textContent);
      tip.append(item);
    });
    return true;
  };
  const place = (x, y) => {
    tip.hidden = false;
    const box = tip.getBoundingClientRect();
    tip.style.left = Math.max(4, Math.min(x + 14, innerWidth - box.width - 4)) + 'px';
    tip.style.top = (y + 16 + box.height > innerHeight ? Math.max(4, y - box.height - 10) : y + 16) + 'px';
  };

  /* The point of a chart's series that is nearest to the pointer. */
  const points = new WeakMap();
  const pointsOf = (group) => {
    if (!points.has(group)) {
      const cells = group.dataset.c.split(' ').filter(Boolean);
      const path = group.querySelector('path.p') || group.querySelector('path.l');
      const found = path ? [...path.getAttribute('d').matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)] : [];
      points.set(group, cells.length ? found.map((m, i) => [+m[1], +m[2], cells[Math.min(i, cells.length - 1)]]) : []);
    }
    return points.get(group);
  };
  const nearest = (svg, event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(svg.getScreenCTM().inverse());
    let best = null, least = 24;
    for (const group of all('g[data-c]', svg)) {
      if (getComputedStyle(group).display === 'none') continue;
      for (const [x, y, cell] of pointsOf(group)) {
        const distance = Math.hypot(x - at.x, y - at.y);
        if (distance < least) { least = distance; best = {group, cell}; }
      }
    }
    return best;
  };
  let lit = null;
  const unlight = () => {
    if (!lit) return;
    lit.classList.remove('busy');
    all('.on', lit).forEach((g) => g.classList.remove('on'));
    lit = null;
  };
  document.addEventListener('pointermove', (event) => {
    unlight();
    const svg = event.target.closest('figure svg');
    if (svg) {
      const found = nearest(svg, event);
      if (found) {
        lit = svg;
        svg.classList.add('busy');
        all('.s', svg).forEach((g) => g.classList.toggle('on', g.dataset.t === found.group.dataset.t));
        if (describe(found.cell)) return place(event.clientX, event.clientY);
      }
    }
    const held = event.target.closest('[data-c]');
    if (held && !held.closest('.cells') && !svg && /^\d+$/.test(held.dataset.c) && describe(held.dataset.c))
      return place(event.clientX, event.clientY);
    tip.hidden = true;
  });
  document.addEventListener('pointerleave', () => { tip.hidden = true; unlight(); });
  document.addEventListener('keydown', (event) => { if (event.key === 'Escape') tip.hidden = true; });

  /* Filters: what is not ticked is not shown, in charts and tables alike. */
  const filters = document.getElementById('filters');
  if (filters) {
    filters.hidden = false;
    filters.addEventListener('change', () => {
      const hidden = all('input:not(:checked)', filters).map((input) => input.value);
      all('.off').forEach((element) => element.classList.remove('off'));
      hidden.forEach((value) => {
        const [key, number] = value.split('=');
        all('[data-' + key + '="' + number + '"]').forEach((element) => element.classList.add('off'));
      });
    });
  }

  /* A table is sorted by a column where its title is pressed, and back by pressing again. */
  const units = {n: 1e-9, 'µ': 1e-6, m: 1e-3, k: 1e3, M: 1e6, G: 1e9};
  const valueOf = (text) => {
    const found = /^\W*([\d.]+) ?([nµmkMG]?)/.exec(text);
    return found ? found[1] * (units[found[2]] || 1) : text === '-' || text === '' ? Infinity : text;
  };
  all('table.cells').forEach((table) => {
    const body = table.tBodies[0];
    all('thead th', table).forEach((head, column) => {
      const button = document.createElement('button');
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener('click', () => {
        const down = head.getAttribute('aria-sort') === 'ascending';
        all('th[aria-sort]', table).forEach((other) => other.removeAttribute('aria-sort'));
        head.setAttribute('aria-sort', down ? 'descending' : 'ascending');
        const rows = [...body.rows].map((row) => [valueOf(row.cells[column].textContent), row]);
        rows.sort(([a], [b]) => typeof a === 'string' || typeof b === 'string' ?
          String(a).localeCompare(String(b)) : a === b ? 0 : a < b ? -1 : 1);
        if (down) rows.reverse();
        body.append(...rows.map(([, row]) => row));
      });
    });
  });

  /* The command is copied by a button, where that is allowed. */
  const again = document.getElementById('again');
  if (again && navigator.clipboard) {
    const button = document.createElement('button');
    button.textContent = 'Copy';
    button.addEventListener('click', () => navigator.clipboard.writeText(again.textContent)
      .then(() => { button.textContent = 'Copied'; }, () => {}));
    again.after(button);
  }
  addEventListener('beforeprint', () => all('details').forEach((d) => { d.open = d.closest('#method') ? d.open : true; }));
})();
