/** How the printed report looks: dark on light whatever the screen's theme is, tables that may break between rows and never inside one. */
export const reportStyle = `
:root { color-scheme: light; }
body { margin: 0; background: #fff; color: #141b24; font: 14px/20px system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'Liberation Sans', sans-serif; }
main { max-width: 1040px; margin: 0 auto; padding: 32px 24px; }
h1 { margin: 0 0 4px; font-size: 24px; line-height: 32px; }
h2 { margin: 28px 0 8px; font-size: 16px; line-height: 24px; break-after: avoid; }
p { margin: 0 0 4px; }
.quiet { color: #505963; }
section + .quiet { margin-top: 24px; }
dl { display: grid; grid-template-columns: repeat(auto-fill, minmax(190px, 1fr)); gap: 12px 24px; margin: 24px 0; }
dt { color: #505963; font-size: 12px; line-height: 16px; }
dd { margin: 0; font-weight: 600; font-variant-numeric: tabular-nums; overflow-wrap: anywhere; }
section { overflow-x: auto; }
table { width: 100%; min-width: 720px; table-layout: fixed; border-collapse: collapse; font-size: 13px; line-height: 18px; }
th, td { padding: 5px 10px; border-top: 1px solid #dde0e3; text-align: right; font-weight: 400; font-variant-numeric: tabular-nums; white-space: nowrap; }
thead th { border-top: 0; color: #505963; font-size: 12px; }
tr > :first-child { width: 28%; text-align: left; padding-left: 0; white-space: normal; overflow-wrap: anywhere; }
tr { break-inside: avoid; }
@media print {
  @page { margin: 16mm; }
  body { font-size: 11px; line-height: 15px; }
  main { max-width: none; padding: 0; }
  section { overflow: visible; }
  table { min-width: 0; font-size: 10px; line-height: 13px; }
  thead { display: table-header-group; }
}
`;
