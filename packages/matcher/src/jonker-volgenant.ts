/**
 * The assignment problem by shortest augmenting paths: Jonker and Volgenant, Computing 38 (1987), for the bids and the
 * prices; Crouse, IEEE Trans. Aerospace and Electronic Systems 52 (2016), for rectangular matrices.
 *
 * `price[j]` is the dual variable of column j. The dual of row i is implicit: the smallest `cost[i, j] - price[j]`,
 * which an assigned row attains at its column. A free column keeps price 0 and no other price exceeds 0 (in a square
 * matrix, where no column remains free, prices are arbitrary), so the result is optimal.
 *
 * Axes: i = row, `[0, n)`; j = column, `[0, m)`; n <= m.
 */
import { type BlockedRows, blockedRows } from './blocked-rows.ts';

// The workspace grows to the largest problem so far and is reused, so that a call allocates nothing.
let freeRows = new Int32Array(0);
let rowOf = new Int32Array(0);
let price = new Float64Array(0);
let distance = new Float64Array(0);
let unpriced = new Float64Array(0);
let predecessor = new Int32Array(0);
let settled = new Int32Array(0);
let improved = new Int32Array(0);
let nearestOfBlock = new Float64Array(0);
let lowerBound = new Float64Array(0);
let isBounded = new Uint8Array(0);

/** Columns per block, as a power of two. The searches skip blocks of columns that cannot matter. */
const blockShift = 4;

const blockCount = (m: number): number => ((m - 1) >> blockShift) + 1;

function reserve(n: number, m: number): void {
  const blocks = blockCount(m);
  if (n > freeRows.length) {
    freeRows = new Int32Array(n);
    isBounded = new Uint8Array(n);
  }
  if (n * blocks > lowerBound.length) lowerBound = new Float64Array(n * blocks);
  if (m <= rowOf.length) return;
  rowOf = new Int32Array(m);
  price = new Float64Array(m);
  distance = new Float64Array(m);
  unpriced = new Float64Array(m);
  predecessor = new Int32Array(m);
  settled = new Int32Array(m);
  improved = new Int32Array(m);
  nearestOfBlock = new Float64Array(blocks);
}

/**
 * Assigns every row to a different column at the lowest total cost.
 *
 * @param cost `[n, m]` row-major with n <= m; no NaN, no -Infinity; +Infinity forbids a pair
 * @param columnOf `[n]` or longer; receives the column of every row
 * @returns undefined, or the reason why there is no assignment of finite cost
 */
export function assignRows(cost: Float64Array, n: number, m: number, columnOf: Int32Array): BlockedRows | undefined {
  reserve(n, m);
  rowOf.fill(-1, 0, m);
  columnOf.fill(-1, 0, n);
  price.fill(0, 0, m);
  if (n === m) reduceColumns(cost, n);
  const free = bid(cost, n, m, columnOf);
  isBounded.fill(0, 0, n);
  for (let f = 0; f < free; f++) {
    const row = freeRows[f] as number;
    if (!augment(cost, m, row, columnOf)) return blockedRows(cost, n, m, columnOf, row);
  }
  return undefined;
}

/**
 * Prices every column of a square matrix at its smallest cost, so that fewer rows compete for one column. If rows
 * differ in level more than columns do, costs are measured from the minimum of their row: otherwise the row whose costs
 * are all low would set the price of every column.
 */
function reduceColumns(cost: Float64Array, n: number): void {
  const [prices, least] = [price, distance];
  prices.fill(Number.POSITIVE_INFINITY, 0, n);
  for (let i = 0; i < n; i++) {
    const row = i * n;
    let smallest = Number.POSITIVE_INFINITY;
    for (let j = 0; j < n; j++) {
      const c = cost[row + j] as number;
      if (c < smallest) smallest = c;
      if (c < (prices[j] as number)) prices[j] = c;
    }
    least[i] = smallest;
  }
  if (spread(least, n) > spread(prices, n)) {
    prices.fill(Number.POSITIVE_INFINITY, 0, n);
    for (let i = 0; i < n; i++) {
      const row = i * n;
      const smallest = least[i] as number;
      // Infinity - Infinity would be NaN.
      if (smallest === Number.POSITIVE_INFINITY) continue;
      for (let j = 0; j < n; j++) {
        const c = (cost[row + j] as number) - smallest;
        if (c < (prices[j] as number)) prices[j] = c;
      }
    }
  }
  // A column without a finite cost must not turn differences into NaN; its row will be found blocked.
  for (let j = 0; j < n; j++) if (prices[j] === Number.POSITIVE_INFINITY) prices[j] = 0;
}

/** The difference between the largest and the smallest of the first n values. */
function spread(values: Float64Array, n: number): number {
  let smallest = Number.POSITIVE_INFINITY;
  let largest = Number.NEGATIVE_INFINITY;
  for (let k = 0; k < n; k++) {
    const value = values[k] as number;
    if (value < smallest) smallest = value;
    if (value > largest) largest = value;
  }
  return largest - smallest;
}

/** The number of bidding rounds, and how many immediate new bids of outbid rows a round allows per waiting row. */
const bidRounds = 3;
const bidsPerRow = 2;

/**
 * Augmenting row reduction: each free row takes its best column, whose price falls until the row's second best is
 * equally good, and the row that had the column bids again at once. The number of bids is bounded, because rows that
 * compete for nearly equal columns lower prices by ever smaller steps.
 *
 * @returns the number of rows left without a column, which are the first ones in `freeRows`
 */
function bid(cost: Float64Array, n: number, m: number, columnOf: Int32Array): number {
  const [free, owner, prices] = [freeRows, rowOf, price];
  for (let i = 0; i < n; i++) free[i] = i;
  let left = n;
  for (let round = 0; round < bidRounds && left > 0; round++) {
    const waiting = left;
    let bids = bidsPerRow * waiting;
    left = 0;
    for (let next = 0; next < waiting; ) {
      const i = free[next++] as number;
      const row = i * m;
      let best = Number.POSITIVE_INFINITY;
      let second = Number.POSITIVE_INFINITY;
      let bestColumn = -1;
      let secondColumn = -1;
      for (let j = 0; j < m; j++) {
        const reduced = (cost[row + j] as number) - (prices[j] as number);
        if (reduced < second) {
          if (reduced < best) {
            second = best;
            secondColumn = bestColumn;
            best = reduced;
            bestColumn = j;
          } else {
            second = reduced;
            secondColumn = j;
          }
        }
      }
      let column = bestColumn;
      let outbids = false;
      if (secondColumn >= 0) {
        const lowered = (prices[column] as number) - (second - best);
        // Two columns are equally good, or as far as float64 can tell: the price is kept, and the row takes a free
        // column as good as the second. Evicting the owner of another column would cycle, so the row is left to the
        // search.
        outbids = lowered < (prices[column] as number);
        if (outbids) prices[column] = lowered;
        else if ((owner[column] as number) >= 0) column = freeColumn(cost, row, m, secondColumn, second);
      }
      const loser = column < 0 ? -1 : (owner[column] as number);
      if (column < 0 || (secondColumn < 0 && loser >= 0)) {
        // At most one column is possible, and it is taken: only a search can tell what else must move.
        free[left++] = i;
        continue;
      }
      owner[column] = i;
      columnOf[i] = column;
      if (loser < 0) continue;
      columnOf[loser] = -1;
      if (outbids && --bids > 0) free[--next] = loser;
      else free[left++] = loser;
    }
  }
  return left;
}

/**
 * The first free column, from `first` on, whose reduced cost is at most `most`, or -1; `row` is the offset of the row.
 */
function freeColumn(cost: Float64Array, row: number, m: number, first: number, most: number): number {
  const [owner, prices] = [rowOf, price];
  for (let j = first; j < m; j++) {
    if ((owner[j] as number) < 0 && (cost[row + j] as number) - (prices[j] as number) <= most) return j;
  }
  return -1;
}

/**
 * Dijkstra's search over reduced costs from a free row to the nearest free column; then every row on the path moves to
 * its next column.
 *
 * `unpriced[j]` is the distance of column j plus its price, so that scanning a row reads no prices; -Infinity there
 * marks a settled column, which nothing improves.
 *
 * @returns false if no free column can be reached
 */
function augment(cost: Float64Array, m: number, start: number, columnOf: Int32Array): boolean {
  const [owner, prices, distances, keys, minima] = [rowOf, price, distance, unpriced, nearestOfBlock];
  const [from, done, changed] = [predecessor, settled, improved];
  const blocks = blockCount(m);
  keys.fill(Number.POSITIVE_INFINITY, 0, m);
  distances.fill(Number.POSITIVE_INFINITY, 0, m);
  minima.fill(Number.POSITIVE_INFINITY, 0, blocks);
  // The nearest free column found so far and its distance: nothing farther away matters.
  let exit = -1;
  let limit = Number.POSITIVE_INFINITY;
  let numDone = 0;
  let nearest = -1;
  let reached = 0;
  for (let i = start, offset = 0; ; ) {
    if (isBounded[i] === 0) boundRow(cost, i, m);
    const numChanged = scanRow(cost, i, m, offset, limit);
    for (let k = 0; k < numChanged; k++) {
      const j = changed[k] as number;
      const d = (keys[j] as number) - (prices[j] as number);
      from[j] = i;
      distances[j] = d;
      const block = j >> blockShift;
      if (d < (minima[block] as number)) minima[block] = d;
      if (d < limit && (owner[j] as number) < 0) {
        limit = d;
        exit = j;
      }
    }

    let block = 0;
    for (let b = 1; b < blocks; b++) if ((minima[b] as number) < (minima[block] as number)) block = b;
    reached = minima[block] as number;
    if (reached === Number.POSITIVE_INFINITY) return false;
    // At equal distances the free column comes first: the others need not be settled.
    if (reached === limit) {
      nearest = exit;
      break;
    }
    nearest = -1;
    let rest = Number.POSITIVE_INFINITY;
    const end = Math.min(m, (block + 1) << blockShift);
    for (let j = block << blockShift; j < end; j++) {
      if (keys[j] === Number.NEGATIVE_INFINITY) continue;
      const d = distances[j] as number;
      if (nearest < 0 && d === reached) nearest = j;
      else if (d < rest) rest = d;
    }
    // This only happens if differences of huge costs have overflowed.
    if (nearest < 0) return false;
    minima[block] = rest;
    i = owner[nearest] as number;
    keys[nearest] = Number.NEGATIVE_INFINITY;
    done[numDone++] = nearest;
    offset = (cost[i * m + nearest] as number) - (prices[nearest] as number) - reached;
  }

  for (let k = 0; k < numDone; k++) {
    const j = done[k] as number;
    prices[j] = (prices[j] as number) - (reached - (distances[j] as number));
  }
  for (let j = nearest, i = -1; i !== start; ) {
    i = from[j] as number;
    owner[j] = i;
    const previous = columnOf[i] as number;
    columnOf[i] = j;
    j = previous;
  }
  return true;
}

/**
 * Stores the smallest reduced cost of a row in each block of columns. It remains a lower bound during the search,
 * because prices only fall.
 */
function boundRow(cost: Float64Array, i: number, m: number): void {
  const [prices, bounds] = [price, lowerBound];
  const blocks = blockCount(m);
  for (let block = 0; block < blocks; block++) {
    let smallest = Number.POSITIVE_INFINITY;
    const end = Math.min(m, (block + 1) << blockShift);
    for (let j = block << blockShift; j < end; j++) {
      const reduced = (cost[i * m + j] as number) - (prices[j] as number);
      if (reduced < smallest) smallest = reduced;
    }
    bounds[i * blocks + block] = smallest;
  }
  isBounded[i] = 1;
}

/**
 * Shortens distances by paths through row i, where these are below `limit`. To be kept in few registers, it leaves
 * everything except `unpriced` to its caller.
 *
 * @returns the number of columns that came nearer, which are the first ones in `improved`
 */
function scanRow(cost: Float64Array, i: number, m: number, offset: number, limit: number): number {
  const [keys, changed, bounds] = [unpriced, improved, lowerBound];
  const blocks = blockCount(m);
  const row = i * m;
  let count = 0;
  for (let block = 0; block < blocks; block++) {
    if ((bounds[i * blocks + block] as number) - offset >= limit) continue;
    const end = Math.min(m, (block + 1) << blockShift);
    for (let j = block << blockShift; j < end; j++) {
      const key = (cost[row + j] as number) - offset;
      if (key < (keys[j] as number)) {
        keys[j] = key;
        changed[count++] = j;
      }
    }
  }
  return count;
}
