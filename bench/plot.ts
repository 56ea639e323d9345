/**
 * Plots of measurements as SVG: lines over a figure, bars over names. Drawn by ECharts, without a
 * browser.
 */
import { BarChart, LineChart, ScatterChart } from 'echarts/charts';
import { GridComponent, LegendComponent, TitleComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';

/** An axis: its figure with the unit; `log` for a logarithmic scale. */
export interface Axis {
  readonly name: string;
  readonly log?: boolean;
}

/** Points that belong together. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Whether the points are marks, without a line between them. */
  readonly apart?: boolean;
}

/** The number of names that fit into one row of the legend. */
const ROW = 4;
/** A line with more points than this has no dots. */
const DOTS_MAX = 60;

const SIZE = { width: 720, height: 400 };
const LOOK = {
  animation: false,
  // A page may be dark; the plot is not.
  backgroundColor: '#fff',
  textStyle: { fontFamily: 'system-ui, sans-serif' },
};

function draw(option: Readonly<Record<string, unknown>>, { width, height } = SIZE): string {
  use([
    BarChart,
    LineChart,
    ScatterChart,
    GridComponent,
    LegendComponent,
    TitleComponent,
    SVGRenderer,
  ]);
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption({ ...LOOK, ...option });
  const svg = chart.renderToSVGString();
  chart.dispose();
  return `${svg}\n`;
}

const axis = ({ name, log = false }: Axis) => ({
  type: log ? 'log' : 'value',
  name,
  nameLocation: 'middle',
});

/** Lines over `x`, as an SVG document. */
export function linePlot(title: string, x: Axis, y: Axis, lines: readonly Line[]): string {
  return draw({
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 4, itemGap: 24 },
    // Many names take two rows.
    grid: { left: 72, right: 24, top: 44, bottom: lines.length > ROW ? 104 : 80 },
    xAxis: { ...axis(x), nameGap: 28 },
    yAxis: { ...axis(y), nameGap: 52 },
    series: lines.map(({ name, points, apart = false }) => ({
      type: apart ? 'scatter' : 'line',
      name,
      data: points,
      symbolSize: apart ? 8 : 5,
      showSymbol: apart || points.length <= DOTS_MAX,
    })),
  });
}

/** A bar for each name, as an SVG document: the first on top. */
export function barPlot(
  title: string,
  x: Axis,
  bars: readonly (readonly [name: string, value: number])[],
): string {
  return draw(
    {
      title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
      grid: { left: 200, right: 64, top: 44, bottom: 52 },
      xAxis: { ...axis(x), nameGap: 28 },
      yAxis: {
        type: 'category',
        data: bars.map(([name]) => name),
        inverse: true,
        axisLabel: { width: 190, overflow: 'break' },
      },
      series: [
        {
          type: 'bar',
          data: bars.map(([, value]) => Number(value.toPrecision(3))),
          label: { show: true, position: 'right' },
        },
      ],
    },
    { width: SIZE.width, height: 110 + 32 * bars.length },
  );
}
