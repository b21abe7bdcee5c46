/*
 * suites/check/cli/page_probe.js - run in a report by cli.page: what the page shows, as
 * data, and what is wrong with how it looks. No name may be left in the page.
 */
(() => {
  'use strict';
  const all = (selector, root) => [...(root || document).querySelectorAll(selector)];
  const problems = [];
  const report = (what, element) => {
    if (problems.length < 20)
      problems.push(`${what}: "${(element.textContent || element.outerHTML).trim().slice(0, 60)}"`);
  };
  /* Elements that are not laid out have no rectangles; these are laid out and not seen. */
  const isShown = (element) => element.checkVisibility({checkVisibilityCSS: true});
  const scrollOf = (element) => element.closest('.scroll');

  /* Each text with the rectangle that is seen of it, and whose neighbours it may not touch. */
  const texts = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode, owner = node.parentElement;
    if (!node.data.trim() || owner.closest('script, style, title') || !isShown(owner)) continue;
    const range = document.createRange();
    range.selectNodeContents(node);
    for (const box of range.getClientRects()) {
      if (box.width < 1 || box.height < 1) continue;
      texts.push({owner, node, left: box.left, right: box.right, top: box.top, bottom: box.bottom});
    }
  }

  /* Nothing is beyond the window but what can be scrolled to. */
  if (document.documentElement.scrollWidth > innerWidth)
    problems.push(`the page is ${document.documentElement.scrollWidth} wide in a window of ${innerWidth}`);
  all('.scroll').filter(isShown).forEach((box) => {
    const seen = box.getBoundingClientRect();
    if (seen.right > innerWidth + 1 || seen.left < -1) report('a table leaves the window', box);
    if (box.scrollWidth > box.clientWidth + 1 &&
        (!/auto|scroll/.test(getComputedStyle(box).overflowX) || box.tabIndex < 0) && !matchMedia('print').matches)
      report('a table is cut off and cannot be scrolled by keys', box);
  });
  const looked = new Set();
  texts.forEach((text) => {
    const scroll = scrollOf(text.owner), svg = text.owner.closest('svg');
    if (!scroll && (text.right > innerWidth + 1 || text.left < -1)) report('a text leaves the window', text.owner);
    if (svg) {
      const box = svg.getBoundingClientRect();
      if (text.left < box.left - 1 || text.right > box.right + 1 || text.top < box.top - 1 || text.bottom > box.bottom + 1)
        report('a text leaves its drawing', text.owner);
    }
    for (let e = text.owner; e && !svg && e !== document.body && !looked.has(e); e = e.parentElement) {
      looked.add(e);
      if (/hidden|clip/.test(getComputedStyle(e).overflowX) && e.scrollWidth > e.clientWidth + 1) report('a text is cut off', e);
    }
  });

  /* No text lies on another. What a table has scrolled away is not seen. */
  const boxes = new Map();
  const boxOf = (element) => boxes.get(element) || boxes.set(element, element.getBoundingClientRect()).get(element);
  const seen = texts.filter((text) => {
    const scroll = scrollOf(text.owner);
    if (!scroll) return true;
    const box = boxOf(scroll);
    return text.left >= box.left - 1 && text.right <= box.right + 1 && text.left < box.right;
  }).sort((a, b) => a.top - b.top);
  const isSticky = (element) => {
    const cell = element.closest('th');
    return cell && getComputedStyle(cell).position === 'sticky';
  };
  for (let i = 0; i < seen.length; i++) {
    for (let j = i + 1; j < seen.length && seen[j].top < seen[i].bottom; j++) {
      const a = seen[i], b = seen[j];
      if (a.node === b.node) continue;
      const width = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const height = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (width > 1.5 && height > 3 && !isSticky(a.owner) && !isSticky(b.owner))
        report(`on "${b.owner.textContent.trim().slice(0, 40)}" lies`, a.owner);
    }
  }

  /* It can be read: contrast (WCAG 2.1, 1.4.3) and size. */
  const parse = (color) => (color.match(/[\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => {
    const linear = [r, g, b].map((c) => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  };
  const grounds = new Map();
  const behind = (element) => {
    if (!element) return [255, 255, 255];
    if (!grounds.has(element)) {
      const color = parse(getComputedStyle(element).backgroundColor);
      grounds.set(element, color.length === 3 || color[3] > 0.5 ? color : behind(element.parentElement));
    }
    return grounds.get(element);
  };
  new Set(texts.map((text) => text.owner)).forEach((owner) => {
    const style = getComputedStyle(owner), svg = owner.closest('svg');
    const [a, b] = [light(parse(svg ? style.fill : style.color)), light(behind(owner))].sort((x, y) => y - x);
    if ((a + 0.05) / (b + 0.05) < 4.5) report(`contrast of ${((a + 0.05) / (b + 0.05)).toFixed(1)}`, owner);
    const scale = svg ? svg.getBoundingClientRect().width / svg.viewBox.baseVal.width : 1;
    if (parseFloat(style.fontSize) * scale < 9) report(`a text of ${parseFloat(style.fontSize) * scale} pixels`, owner);
  });

  /* What is drawn has a name; what is a table has heads; each name is one element's. */
  all('svg').forEach((svg) => { if (!svg.getAttribute('aria-label')) report('a drawing without a name', svg); });
  all('figure').forEach((figure) => { if (!figure.querySelector('figcaption').textContent) report('a figure without a title', figure); });
  all('table').forEach((table) => { if (!table.querySelector('th')) report('a table without heads', table); });
  const ids = all('[id]').map((element) => element.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => problems.push(`two elements are called ${id}`));
  all('a[href^="#"]').forEach((link) => {
    if (!document.getElementById(link.getAttribute('href').slice(1))) report('a link to nowhere', link);
  });

  /* Every figure in a table: cell, which one, text as it stands. */
  const data = document.getElementById('data');
  const names = data ? JSON.parse(decodeURIComponent(data.href.replace(/^[^,]*,/, '')))
    .cells?.map((cell) => cell.cell) || [] : [];
  const figures = [];
  const add = (number, key, text) => figures.push([names[number], key, text]);
  all('.heat td[data-c]').forEach((cell) => {
    const keys = cell.closest('table').dataset.f.split(' ');
    [...cell.children].forEach((value, i) => add(cell.dataset.c, keys[i], value.textContent));
  });
  all('table.cells tr[data-c]').forEach((row) => {
    const keys = row.closest('table').dataset.f.trim().split(' ');
    [...row.cells].forEach((cell, i) => add(row.dataset.c, keys[i], cell.textContent));
  });
  all('td[data-f]').forEach((cell) => {
    const number = (cell.dataset.c ? cell : cell.closest('[data-c]')).dataset.c;
    const value = cell.querySelector('b') || cell;
    add(number, cell.dataset.f, value.childNodes[0].data.trim().replace(/ MB\/s$/, ''));
  });
  all('figure svg[data-x] .v').forEach((text) =>
    add(text.parentElement.dataset.c, text.closest('svg').dataset.x.split(' ')[0], text.textContent));

  /* Every point in a chart, as the value at which it stands. */
  const points = [];
  const valueAt = (scale, at) => {
    const [low, high, start, end] = scale.map(Number);
    return low * (high / low) ** ((at - start) / (end - start));
  };
  const curve = {2: 'p50', 7: 'p90', 14: 'p99', 21: 'p99.9'};
  all('figure svg[data-x], figure svg[data-y]').forEach((svg) => {
    all('g[data-c]', svg).forEach((group) => {
      const cells = group.dataset.c.split(' ').filter(Boolean);
      const path = group.querySelector('path.p') || group.querySelector('path.l');
      if (!cells.length || !path) return;
      [...path.getAttribute('d').matchAll(/[ML](-?[\d.]+) (-?[\d.]+)/g)].forEach((found, i) => {
        ['x', 'y'].forEach((axis, which) => {
          if (!svg.dataset[axis]) return;
          const [key, ...scale] = svg.dataset[axis].split(' ');
          const name = key === 'curve' ? curve[i] : key;
          const cell = key === 'messages' && group.dataset.d ? group.dataset.d : cells[Math.min(i, cells.length - 1)];
          if (name) points.push([names[cell], name, valueAt(scale, +found[which + 1])]);
        });
      });
    });
  });

  /* Each strip: its rounds, in order, as a share of the median: -1 to 1 is the scale. */
  const strips = all('svg.strip').map((svg) => {
    const dots = all('.p, .o', svg).flatMap((path) =>
      [...path.getAttribute('d').matchAll(/M([\d.]+) ([\d.]+)/g)].map((m) => [+m[1], (15 - m[2]) / 12]));
    return [names[svg.closest('tr').dataset.c], dots.sort((a, b) => a[0] - b[0]).map((dot) => dot[1])];
  });
  return {problems, figures, points, strips, cells: names.length, texts: texts.length};
})();
