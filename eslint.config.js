import tseslint from 'typescript-eslint'

/** What is never compared by `===` but with nothing. */
const secret = '(?:digest|secret|password|signature|hmac)$'

/** Functions and files stay small enough to read in one go; a promise is always awaited or handed on. */
export default tseslint.config(
  { ignores: ['dist/', 'node_modules/', 'var/', '.tap/', 'src/http/console/web/lit.js'] },
  {
    files: ['**/*.ts'],
    ignores: ['src/http/console/web/'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-floating-promises': 'error',
      '@typescript-eslint/no-misused-promises': 'error',
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/require-await': 'off',
      '@typescript-eslint/no-non-null-assertion': 'off',
      'no-console': 'error',
      'max-lines': ['error', { max: 400, skipComments: true, skipBlankLines: true }]
    }
  },
  {
    // What browsers run: plain modules with types in comments, checked by a project of their own.
    files: ['src/http/console/web/**/*.js', 'src/http/console/web/**/*.d.ts'],
    extends: [tseslint.configs.strictTypeChecked, tseslint.configs.stylisticTypeChecked],
    languageOptions: { parserOptions: { project: './src/http/console/web/tsconfig.json', tsconfigRootDir: import.meta.dirname } },
    rules: {
      '@typescript-eslint/no-confusing-void-expression': ['error', { ignoreArrowShorthand: true, ignoreVoidReturningFunctions: true }],
      '@typescript-eslint/consistent-type-definitions': ['error', 'interface'],
      '@typescript-eslint/restrict-template-expressions': ['error', { allowNumber: true, allowBoolean: true }],
      '@typescript-eslint/no-unused-vars': ['error', { varsIgnorePattern: '^_', argsIgnorePattern: '^_' }],
      '@typescript-eslint/require-await': 'off',
      'no-console': 'error',
      'no-eval': 'error',
      'max-lines': ['error', { max: 350, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }]
    }
  },
  {
    // Words are as many as they are.
    files: ['src/http/console/web/words/*.js'],
    rules: { 'max-lines': 'off' }
  },
  {
    files: ['src/**/*.ts'],
    rules: {
      // A comparison that ends at the first difference tells how far a guess was right: secrets are compared by timingSafeEqual.
      'no-restricted-syntax': ['error', ...['left', 'right'].map((side) => ({
        selector: `BinaryExpression[operator=/^[!=]==?$/]:matches([${side}.name=/${secret}/i], [${side}.property.name=/${secret}/i]):not([left.name='undefined'], [right.name='undefined'], [left.type='Literal'], [right.type='Literal'])`,
        message: 'Compare secrets with timingSafeEqual.'
      }))],
      'max-lines': ['error', { max: 350, skipComments: true, skipBlankLines: true }],
      'max-lines-per-function': ['error', { max: 60, skipComments: true, skipBlankLines: true }]
    }
  },
  {
    files: ['test/**/*.ts', 'bench/**/*.ts'],
    rules: {
      // tap's t.test returns a promise that tap itself awaits.
      '@typescript-eslint/no-floating-promises': ['error', { allowForKnownSafePromises: [{ from: 'package', name: 'PromiseWithSubtest', package: '@tapjs/core' }] }]
    }
  }
)
