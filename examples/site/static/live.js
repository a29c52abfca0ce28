'use strict';

const source = new EventSource('/live/events');
const state = document.getElementById('state');

function span(seconds) {
  const parts = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60];
  return parts.map((part) => String(part).padStart(2, '0')).join(':');
}

function row(task) {
  const made = document.createElement('tr');
  for (const text of [task.name, task.state, task.place || '–']) {
    const cell = document.createElement('td');
    const inner = document.createElement('span');
    inner.textContent = text;
    inner.className = text === task.state ? task.state : '';
    cell.append(inner);
    made.append(cell);
  }
  return made;
}

source.onmessage = (event) => {
  const now = JSON.parse(event.data);
  document.getElementById('seconds').textContent = span(now.seconds);
  for (const name of ['requests', 'connections', 'people', 'count']) document.getElementById(name).textContent = now[name];
  document.getElementById('tasks').replaceChildren(...now.tasks.map(row));
  state.textContent = 'Moving twice a second.';
};
source.onerror = () => {
  state.textContent = 'The server has gone. Trying again …';
};
