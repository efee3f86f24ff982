/** How many packets were repeated: marked where they are enough to make a connection slow. */
import type { ComponentChildren } from 'preact';

/** TCP's throughput falls with the square root of what is lost: at one of a hundred it is felt, at one of ten thousand nobody looks for a cause. */
const manyShare = 0.01;

/** `children`: the figure to show. */
export function RepeatedPackets(props: { count: number; packets: number; children: ComponentChildren }) {
  if (props.count < props.packets * manyShare || props.count === 0) return <>{props.children}</>;
  return <span class="bad">⚠ {props.children}</span>;
}
