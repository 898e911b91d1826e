// Reads {"tables": {NAME: SCHEMA}, "queries": {NAME: TEXT}} from standard input and writes, for each query, what Microsoft's
// language service finds wrong in it, and what it reads and compares: the fields of JSON values, and the texts that columns
// are held against. The folder with node_modules is the first argument.
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const require = createRequire(`${process.argv[2]}/package.json`);
require('@kusto/language-service-next/bridge.min.js');
require('@kusto/language-service-next/Kusto.Language.Bridge.min.js');
const { KustoCode, GlobalState, Symbols, Syntax } = globalThis.Kusto.Language;

const { tables, queries } = JSON.parse(readFileSync(0, 'utf8'));
const symbols = Object.entries(tables).map(([name, schema]) => Symbols.TableSymbol.From(schema).WithName(name));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.$ctor1('logs', symbols, false));

const items = (list) => {
  const found = [];
  for (let at = 0; at < list.Count; at += 1) found.push(list.getItem(at));
  return found;
};
const descendants = (root, kind) => items(root.GetDescendants(kind));
const text = (node) => node.ToString().trim();
// The value of a name, or of a name in quotes.
const selector = (node) => {
  const inner = node instanceof Syntax.BracketedExpression ? node.Expression : node;
  return inner instanceof Syntax.LiteralExpression ? String(inner.LiteralValue) : text(inner);
};
// `Record.requestedBy.objectId` is the field "requestedBy.objectId" of Record.
const field = (node) => {
  const name = selector(node.Selector);
  if (node.Expression instanceof Syntax.PathExpression || node.Expression instanceof Syntax.ElementExpression) {
    const [of, outer] = field(node.Expression);
    return [of, `${outer}.${name}`];
  }
  return [text(node.Expression), name];
};
const isInner = (node) => node.Parent && node.Parent.Expression === node
  && (node.Parent instanceof Syntax.PathExpression || node.Parent instanceof Syntax.ElementExpression);

const judge = (query) => {
  const code = KustoCode.ParseAndAnalyze(query, globals);
  const line = (at) => query.slice(0, at).split('\n').length;
  const problems = items(code.GetDiagnostics()).map((it) => `line ${line(it.Start)}: ${it.Severity} ${it.Code}: ${it.Message}`);
  // Where the statement around a node begins: what stands in one statement is about the same events.
  const statement = (node) => {
    let outer = node;
    while (outer.Parent && !(outer instanceof Syntax.Statement)) outer = outer.Parent;
    return outer.TextStart;
  };
  const fields = [];
  for (const kind of [Syntax.PathExpression, Syntax.ElementExpression]) {
    for (const node of descendants(code.Syntax, kind).filter((it) => !isInner(it))) {
      const [of, name] = field(node);
      fields.push({ of, name, line: line(node.TextStart), statement: statement(node) });
    }
  }
  const compared = [];
  const note = (left, right, at) => {
    for (const value of right.filter((it) => it instanceof Syntax.LiteralExpression && typeof it.LiteralValue === 'string')) {
      compared.push({ column: text(left), value: value.LiteralValue, line: line(at.TextStart), statement: statement(at) });
    }
  };
  for (const node of descendants(code.Syntax, Syntax.BinaryExpression)) {
    if (['==', '!='].includes(text(node.Operator))) note(node.Left, [node.Right], node);
  }
  for (const node of descendants(code.Syntax, Syntax.InExpression)) {
    note(node.Left, descendants(node.Right, Syntax.LiteralExpression), node);
  }
  return { problems, fields, compared };
};

const answer = Object.fromEntries(Object.entries(queries).map(([name, query]) => [name, judge(query)]));
process.stdout.write(JSON.stringify(answer));
