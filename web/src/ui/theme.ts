/** Mantine in the colours and measures of the house: its variables point at the tokens of tokens.css. */
import {
  createTheme,
  defaultVariantColorsResolver,
  type CSSVariablesResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from '@mantine/core';

const teal: MantineColorsTuple = [
  '#e6f7f7',
  '#cdeeee',
  '#a3dfdf',
  '#74e0d9',
  '#51cec7',
  '#2bb0ac',
  '#0f9492',
  '#00797a',
  '#006767',
  '#005455',
];

/** One accent in both themes: Mantine would compute its contrast for the light one alone. */
const variantColorResolver: VariantColorsResolver = (input) => {
  const colors = defaultVariantColorsResolver(input);
  if (input.variant === 'filled') return { ...colors, color: 'var(--pb-on-accent)' };
  // What deletes or revokes is not taken for what stands beside it.
  if (input.color === 'red') return { ...colors, color: 'var(--pb-bad)', hover: 'var(--pb-hover)' };
  if (input.variant === 'subtle')
    return { ...colors, color: input.color === 'gray' ? 'var(--pb-muted)' : 'var(--pb-accent-fg)', hover: 'var(--pb-hover)' };
  return colors;
};

export const theme = createTheme({
  variantColorResolver,
  primaryColor: 'teal',
  primaryShade: { light: 7, dark: 4 },
  colors: { teal },
  fontFamily: 'var(--pb-sans)',
  fontFamilyMonospace: 'var(--pb-mono)',
  headings: { fontFamily: 'var(--pb-sans)', fontWeight: '600' },
  defaultRadius: 'sm',
  radius: { xs: '4px', sm: '6px', md: '10px', lg: '10px', xl: '10px' },
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '20px', xl: '24px' },
  respectReducedMotion: true,
  components: {
    // Named, not imported: a page that has none of them does not load them.
    Checkbox: { vars: () => ({ root: { '--checkbox-icon-color': 'var(--pb-on-accent)', '--checkbox-size': '24px' } }) },
    SegmentedControl: { defaultProps: { withItemsBorders: false } },
  },
});

export const cssVariablesResolver: CSSVariablesResolver = () => {
  const tokens = {
    '--mantine-color-body': 'var(--pb-surface)',
    '--mantine-color-text': 'var(--pb-fg)',
    '--mantine-color-bright': 'var(--pb-fg)',
    '--mantine-color-dimmed': 'var(--pb-muted)',
    '--mantine-color-placeholder': 'var(--pb-subtle)',
    '--mantine-color-anchor': 'var(--pb-accent-fg)',
    '--mantine-color-error': 'var(--pb-bad)',
    '--mantine-color-default': 'var(--pb-surface)',
    '--mantine-color-default-hover': 'var(--pb-hover)',
    '--mantine-color-default-color': 'var(--pb-fg)',
    '--mantine-color-default-border': 'var(--pb-border-strong)',
    '--mantine-color-disabled': 'var(--pb-idle-tint)',
    '--mantine-color-disabled-color': 'var(--pb-idle)',
    '--mantine-color-disabled-border': 'var(--pb-border)',
    '--mantine-primary-color-filled': 'var(--pb-accent)',
    '--mantine-primary-color-filled-hover': 'var(--pb-accent-hover)',
    '--mantine-primary-color-contrast': 'var(--pb-on-accent)',
    '--mantine-color-teal-filled': 'var(--pb-accent)',
    '--mantine-color-teal-filled-hover': 'var(--pb-accent-hover)',
  };
  return { variables: {}, light: tokens, dark: tokens };
};
