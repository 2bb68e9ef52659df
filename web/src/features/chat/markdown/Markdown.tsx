/** Markdown as elements: no markup of the text is ever parsed as HTML, links leave safely, and pictures are links that nobody loads. */
import { Component, memo, type ReactNode } from 'react';
import ReactMarkdown, { defaultUrlTransform, type Components } from 'react-markdown';
import remarkGfm from 'remark-gfm';
import { useTranslations } from 'use-intl';
import { CodeBlock } from './CodeBlock.tsx';
import classes from './Markdown.module.css';
import { Scroller } from './Scroller.tsx';

/** A text longer than this is shown as it is: to make elements of it would hold up the page. */
const markdownCharsMax = 100_000;

const plugins = [remarkGfm];

/** A picture's address would tell strangers who reads this, so it is opened by hand or not at all. */
function Picture({ src, alt }: { src?: unknown; alt?: string }) {
  const t = useTranslations('chat');
  const text = t('picture', { alt: alt === undefined || alt === '' ? '…' : alt });
  return typeof src === 'string' && src !== '' ? <Away href={src}>{text}</Away> : <span>{text}</span>;
}

function Away({ href, children }: { href: string | undefined; children?: ReactNode }) {
  // What is left of a refused address is no link at all, and one within the text would lead out of the page.
  if (href === undefined || href === '' || href.startsWith('#')) return <span>{children}</span>;
  return (
    <a href={href} target="_blank" rel="noopener noreferrer nofollow">
      {children}
    </a>
  );
}

const languageOf = (className: string | undefined): string | null => /(?:^|\s)language-([\w+#.-]{1,40})/.exec(className ?? '')?.[1] ?? null;

/** An answer may begin with a heading of any level, and the page's outline must not break by it: all are of one level, as tall as asked. */
const heading =
  (level: number) =>
  ({ children }: { children?: ReactNode }) => <h2 data-level={level}>{children}</h2>;

const components: Components = {
  a: ({ href, children }) => <Away href={href}>{children}</Away>,
  img: ({ src, alt }) => <Picture src={src} alt={alt} />,
  h1: heading(1),
  h2: heading(2),
  h3: heading(3),
  h4: heading(4),
  h5: heading(4),
  h6: heading(4),
  table: ({ children }) => <Table>{children}</Table>,
  pre: ({ children }) => <>{children}</>,
  code: ({ className, children, node }) => {
    const code = typeof children === 'string' ? children : '';
    const isBlock = languageOf(className) !== null || code.includes('\n') || node?.position?.start.line !== node?.position?.end.line;
    return isBlock ? (
      <CodeBlock code={code.replace(/\n$/, '')} language={languageOf(className)} />
    ) : (
      <code className={classes['inline']}>{children}</code>
    );
  },
  input: ({ checked }) => <span aria-hidden="true">{checked === true ? '☑ ' : '☐ '}</span>,
  // The anchors of footnotes are ids, and two answers would have the same ones.
  section: ({ children }) => <div className={classes['notes']}>{children}</div>,
  sup: ({ children }) => <sup>{children}</sup>,
  li: ({ children }) => <li>{children}</li>,
};

function Table({ children }: { children: ReactNode }) {
  const t = useTranslations('chat');
  return (
    <Scroller label={t('table')}>
      <table className={classes['table']}>{children}</table>
    </Scroller>
  );
}

/** Shows the text as it is where the making of elements fails, as with thousands of nested quotes. */
class Fallback extends Component<{ text: string; children: ReactNode }, { isBroken: boolean }> {
  override state = { isBroken: false };
  static getDerivedStateFromError(): { isBroken: boolean } {
    return { isBroken: true };
  }
  override render(): ReactNode {
    return this.state.isBroken ? <Plain text={this.props.text} /> : this.props.children;
  }
}

export const Plain = ({ text }: { text: string }) => <div className={classes['plain']}>{text}</div>;

/** Quotes and lists within one another deeper than anybody writes them; the parser would run out of stack. */
const isDeep = (text: string): boolean => /(?:^|\n)(?:[ \t]*(?:>|[-+*][ \t]|\d{1,9}[.)][ \t])){60}/.test(text) || /[[(*_~]{300}/.test(text);

export const Markdown = memo(function Markdown({ text }: { text: string }) {
  if (text.length > markdownCharsMax || isDeep(text)) return <Plain text={text} />;
  return (
    <Fallback text={text}>
      <div className={classes['markdown']}>
        <ReactMarkdown remarkPlugins={plugins} components={components} urlTransform={defaultUrlTransform}>
          {text}
        </ReactMarkdown>
      </div>
    </Fallback>
  );
});
