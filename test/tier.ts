// Runs tiers of tests in order, cheapest first: `node test/tier.ts check wire lab`. A tier over its budget fails.
import { runTier, TIERS, type TierName, type TierReport } from './tiers/tiers.ts';

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in TIERS));
if (wanted.length === 0 || unknown.length > 0) {
  process.stderr.write(`usage: node test/tier.ts TIER…   with TIER one of ${Object.keys(TIERS).join(', ')}\n`);
  process.exit(2);
}

const reports: TierReport[] = [];
for (const name of wanted as TierName[]) {
  const report = await runTier(name);
  reports.push(report);
  if (!report.ok) break;
}

process.stdout.write('\n');
for (const report of reports) process.stdout.write(`${report.line}\n`);
const passed = reports.reduce((sum, report) => sum + report.passed, 0);
const failed = reports.reduce((sum, report) => sum + report.failed, 0);
process.stdout.write(`${passed} passed, ${failed} failed\n`);
process.exit(reports.every((report) => report.ok) ? 0 : 1);
