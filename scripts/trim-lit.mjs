/**
 * Removes from Lit what this package doesn't use, in the files for `<script>`, which share Lit with nobody: the places
 * for polyfills, hydration and versions; styles with values; directives, and expressions in comments, in elements
 * themselves and in raw text; templates of graphics; JSON attributes; decorators; hooks that no element here has. For
 * bundlers Lit stays a dependency, as it is.
 */

/** What to remove: code of a minified file of Lit, and what takes its place. */
const CHANGES = {
  'css-tag.js': [
    // Every supported browser can construct stylesheets. Each template has one text, and is evaluated once.
    [
      'e=t.ShadowRoot&&(void 0===t.ShadyCSS||t.ShadyCSS.nativeShadow)&&"adoptedStyleSheets"in Document.prototype&&"replace"in CSSStyleSheet.prototype,',
      'e=true,',
    ],
    [
      'if(this._$cssResult$=!0,o!==s)throw Error("CSSResult is not constructable. Use `unsafeCSS` or `css` instead.");',
      '',
    ],
    ['this.cssText=t,this.t=e', 'this.cssText=t'],
    [
      'let t=this.o;const s=this.t;if(e&&void 0===t){const e=void 0!==s&&1===s.length;e&&(t=o.get(s)),void 0===t&&((this.o=t=new CSSStyleSheet).replaceSync(this.cssText),e&&o.set(s,t))}return t',
      'if(!this.o)(this.o=new CSSStyleSheet).replaceSync(this.cssText);return this.o',
    ],
    [/\(t,\.\.\.e\)=>\{const o=1===t\.length.*?return new n\(o,t,s\)\}/, '([t])=>new n(t)'],
  ],
  'reactive-element.js': [
    ['p=a.reactiveElementPolyfillSupport', 'p=void 0'],
    [/,p\?\.\(\{ReactiveElement:y\}\),\(a\.reactiveElementVersions\?\?=\[\]\)\.push\("[\d.]+"\)/, ''],
    // The names are for a compiler that is not used here.
    ['d("elementProperties")))return;', '"elementProperties"))return;'],
    ['d("finalized")))return;', '"finalized"))return;'],
    ['d("properties")))', '"properties"))'],
    ['y[d("elementProperties")]', 'y.elementProperties'],
    ['y[d("finalized")]', 'y.finalized'],
    ['d=(t,s)=>t,', ''],
    ['if(s.state&&(s.attribute=!1),', 'if('],
    [
      'const i=Symbol(),h=this.getPropertyDescriptor(t,i,s);void 0!==h&&e(this.prototype,t,h)',
      'const i=Symbol();e(this.prototype,t,this.getPropertyDescriptor(t,i,s))',
    ],
    ['"string"==typeof i?i:"string"==typeof t?t.toLowerCase():void 0', '"string"==typeof i?i:t.toLowerCase()'],
    [/const i=\[\];if\(Array\.isArray\(s\)\).*?return i(?=\}static _\$Eu)/, 'return[s].flat(1/0)'],
    ['attributeChangedCallback(t,s,i){this._$AK(t,i)}', ''],
    [',!s.noAccessor){', '){'],
    ['this._$Eh&&[...', '[...'],
    ['this._$Ep=void 0,this.isUpdatePending=!1', 'this.isUpdatePending=!1'],
    ['this._$Ev()}_$Ev(){this._$ES', 'this._$ES'],
    ['return this.getUpdateComplete()}getUpdateComplete(){', ''],
    ['if(!1===e&&(h=this[t]),', 'if(h=this[t],'],
    ['requestUpdate(t,s,i,e=!1', 'requestUpdate(t,s,i'],
    ['_$AK(t,s){const i=', 'attributeChangedCallback(t,_,s){const i='],
    [
      '"function"==typeof t.converter?{fromAttribute:t.converter}:void 0!==t.converter?.fromAttribute?t.converter:u;',
      't.converter?{fromAttribute:t.converter}:u;',
    ],
    ['(void 0!==i.converter?.toAttribute?i.converter:u).toAttribute', 'u.toAttribute'],
    ['getOwnPropertyDescriptor:h,getOwnPropertyNames:r,getOwnPropertySymbols:o,', ''],
    [
      '{const t=this.properties,s=[...r(t),...o(t)];for(const i of s)this.createProperty(i,t[i])}',
      'for(const t in this.properties)this.createProperty(t,this.properties[t]);',
    ],
    // No element schedules its updates.
    [
      'const t=this.scheduleUpdate();return null!=t&&await t,!this.isUpdatePending',
      'return this.performUpdate(),!this.isUpdatePending',
    ],
    ['scheduleUpdate(){return this.performUpdate()}', ''],
    // The element has all of these, and the constructor makes the last one.
    ['willUpdate(t){}', ''],
    ['shouldUpdate(t){return!0}', ''],
    ['updated(t){}firstUpdated(t){}', ''],
    ['enableUpdating(t){}', ''],
    // The only converters are those for texts and booleans.
    [/toAttribute\(t,s\)\{.*?return t\}/, 'toAttribute(t,s){return s===Boolean?t?"":null:t}'],
    [/fromAttribute\(t,s\)\{.*?return i\}/, 'fromAttribute(t,s){return s===Boolean?null!==t:t}'],
    ['c=a.trustedTypes,l=c?c.emptyScript:"",', ''],
    ['Symbol.metadata??=Symbol("metadata"),a.litPropertyMetadata??=new WeakMap;', ''],
    [/const t=this\[Symbol\.metadata\];if\(null!==t\)\{.*?this\.elementProperties\.set\(t,i\)\}/, ''],
    // No property has an accessor of its own.
    ['this._$Ei(),this.prototype.hasOwnProperty(t)&&((s=Object.create(s)).wrapped=!0),', 'this._$Ei(),'],
    [
      'const{get:e,set:r}=h(this.prototype,t)??{get(){return this[s]},set(t){this[s]=t}};return{get:e,set(s){const h=e?.call(this);r?.call(this,s),this.requestUpdate(t,h,i)},',
      'return{get(){return this[s]},set(h){const e=this[s];this[s]=h,this.requestUpdate(t,e,i)},',
    ],
    [',h){if(void 0!==t){const r=', '){let h;if(void 0!==t){const r='],
    ['{useDefault:i,reflect:e,wrapped:h},r){', '{useDefault:i,reflect:e}){'],
    ['has(t)&&(this._$Ej.set(t,r??s??this[t]),!0!==h||void 0!==r)||(', 'has(t)?this._$Ej.set(t,s??this[t]):('],
    [/const t=this\.constructor\.elementProperties;if\(t\.size>0\)for\(.*?this\.C\(s,void 0,i,e\)\}/, ''],
    ['static addInitializer(t){this._$Ei(),(this.l??=[]).push(t)}', ''],
    ['void 0!==t.l&&(this.l=[...t.l]),', ''],
    [',this.constructor.l?.forEach(t=>t(this))', ''],
  ],
  'lit-element.js': [
    [',s.litElementHydrateSupport?.({LitElement:i});const o=s.litElementPolyfillSupport;o?.({LitElement:i});', ';'],
    [/\(s\.litElementVersions\?\?=\[\]\)\.push\("[\d.]+"\);/, ''],
    ['connectedCallback(){super.connectedCallback(),this._$Do?.setConnected(!0)}', ''],
    ['disconnectedCallback(){super.disconnectedCallback(),this._$Do?.setConnected(!1)}', ''],
    ['this.hasUpdated||(this.renderOptions.isConnected=this.isConnected),', ''],
    [
      'constructor(){super(...arguments),this.renderOptions={host:this},this._$Do=void 0}',
      'renderOptions={host:this};',
    ],
    ['render(){return r}', ''],
    // A mark for hydration.
    ['i._$litElement$=!0,', ''],
  ],
  'lit-html.js': [
    [/,B=t\.litHtmlPolyfillSupport;B\?\.\(S,k\),\(t\.litHtmlVersions\?\?=\[\]\)\.push\("[\d.]+"\);const /, ','],
    // Only the arrays of this package are rendered as lists.
    ['d=t=>u(t)||"function"==typeof t?.[Symbol.iterator],', 'd=u,'],
    ['throw Error("invalid template strings array")', 'throw Error()'],
    // Only `html` templates: graphics are inside of HTML.
    [
      'x=t=>(i,...s)=>({_$litType$:t,strings:i,values:s}),b=x(1),w=x(2),T=x(3),',
      'b=(i,...s)=>({_$litType$:1,strings:i,values:s}),',
    ],
    ['l=2===i?"<svg>":3===i?"<math>":"",', 'l="",'],
    ['+(2===i?"</svg>":3===i?"</math>":"")', ''],
    [
      /if\(this\.el=S\.createElement\(f,e\),P\.currentNode=this\.el\.content,2===i\|\|3===i\)\{.*?\}for\(/,
      '(this.el=document.createElement("template")).innerHTML=f,P.currentNode=this.el.content;for(',
    ],
    ['constructor({strings:t,_$litType$:i},e){', 'constructor({strings:t}){'],
    ['static createElement(t,i){const s=l.createElement("template");return s.innerHTML=t,s}', ''],
    ['=N(t,i);', '=N(t);'],
    ['N=(t,i)=>{', 'N=t=>{'],
    ['T as mathml,', ''],
    [',w as svg}', '}'],
    // Templates have neither comments, nor tags with a name from an expression, nor single quotes.
    ['v=/<(?:(!--|\\/[^a-zA-Z])|(\\/?[a-zA-Z][^>\\s]*)|(\\/?$))/g,_=/-->/g,m=/>/g,', 'v=/<\\/?[a-zA-Z][^>\\s]*/g,'],
    ["g=/'/g,", ''],
    [
      'c===v?"!--"===u[1]?c=_:void 0!==u[1]?c=m:void 0!==u[2]?(y.test(u[2])&&(n=RegExp("</"+u[2],"g")),c=p):void 0!==u[3]&&(c=p):c===p',
      'c===v?c=p:c===p',
    ],
    [`c=void 0===u[3]?p:'"'===u[3]?$:g):c===$||c===g?c=p:c===_||c===m?c=v:(c=p,n=void 0)`, 'c=void 0===u[3]?p:$):c=p'],
    [/f="\[.*?",(?=v=)/, ''],
    [/p=RegExp\(.*?,"g"\)/, 'p=/>|\\s(?:([^\\s"\'>=/]+)(\\s*=\\s*(?:[^\\s"\'`<>=]|("|\')|))|$)/g'],
    // Raw text: scripts, styles, text areas and titles.
    ['let n,l=""', 'let l=""'],
    ['c=n??v', 'c=v'],
    [/if\(y\.test\(r\.tagName\)\)\{.*?r\.append\(t\[i\],c\(\)\)\}\}/, ''],
    ['y=/^(?:script|style|textarea|title)$/i,', ''],
    // Elements and comments.
    ['else t.startsWith(o)&&(d.push({type:6,index:l}),r.removeAttribute(t));', ''],
    [':6===r.type&&(i=new Z(h,this,t))', ''],
    [':1===r.type?i=new r.ctor', ':i=new r.ctor'],
    [/j=\{M:h.*?\},/, ''],
    ['export{j as _$LH,', 'export{'],
    [/class Z\{.*?M\(this,t\)\}\}/, ''],
    ['if(1===r.nodeType){if(r.hasAttributes())for(', 'if(1===r.nodeType){for('],
    [
      'if(r.data===n)d.push({type:2,index:l});else{let t=-1;for(;-1!==(t=r.data.indexOf(o,t+1));)d.push({type:7,index:l}),t+=o.length-1}',
      'r.data===n&&d.push({type:2,index:l});',
    ],
    // Directives, and what they return.
    [/function M\(.*?,i\}(?=class R)/, ''],
    ['_$AI(t,i=this){t=M(this,t,i),a(t)', '_$AI(t){a(t)'],
    ['t=M(this,t,i,0),o=', 'o='],
    ['r=M(this,e[s+n],i,n),r===E&&(r=this._$AH[n]),', 'r=e[s+n],'],
    // A listener is always there, and has no options.
    [
      /_\$AI\(t,i=this\)\{if\(\(t=M\(this,t,i,0\)\?\?A\)===E\)return;.*?this\._\$AH=t\}handleEvent/,
      '_$AI(t){this._$AH===A&&this.element.addEventListener(this.name,this),this._$AH=t}handleEvent',
    ],
    ['(t?.creationScope??l).importNode', 'l.importNode'],
    ['t!==this._$AH&&t!==E&&this._(t)', 't!==this._$AH&&this._(t)'],
    ['t!==this._$AH&&t!==E,o&&', 't!==this._$AH,o&&'],
    ['_$AI(t,i=this,s,e){', '_$AI(t,s,e){'],
    ['(s._$AI(t,s,i),', '(s._$AI(t,i),'],
    ['o&&!e&&this.j(t)', 'o&&this.j(t)'],
    ['get parentNode(){return this._$AM.parentNode}get _$AU(){return this._$AM._$AU}u(t)', 'u(t)'],
    ['get _$AU(){return this._$AM?._$AU??this._$Cv}', ''],
    [/get parentNode\(\)\{let t=this\._\$AA.*?get endNode\(\)\{return this\._\$AB\}/, ''],
    ['get tagName(){return this.element.tagName}get _$AU(){return this._$AM._$AU}', ''],
    ['this._$AV=[],this._$AN=void 0,this._$AD=t,this._$AM=i', 'this._$AV=[],this._$AD=t'],
    ['this.type=2,this._$AH=A,this._$AN=void 0,', 'this._$AH=A,'],
    ['this._$AM=s,this.options=e,this._$Cv=e?.isConnected??!0', 'this.options=e'],
    ['this.type=1,this._$AH=A,this._$AN=void 0,', 'this._$AH=A,'],
    ['this._$AM=e,this.options=h', 'this.options=h'],
    ['constructor(){super(...arguments),this.type=3}', ''],
    ['constructor(){super(...arguments),this.type=4}', ''],
    ['constructor(t,i,s,e,h){super(t,i,s,e,h),this.type=5}', ''],
    ['this._$AP?.(!1,!0,s);', ';'],
    ['setConnected(t){void 0===this._$AM&&(this._$Cv=t,this._$AP?.(t))}', ''],
    // Compiled templates.
    [
      '"number"==typeof s?this._$AC(t):(void 0===s.el&&(s.el=S.createElement(V(s.h,s.h[0]),this.options)),s)',
      'this._$AC(t)',
    ],
    ['{values:i,_$litType$:s}=t', '{values:i}=t'],
  ],
};

/**
 * Makes the changes.
 * @throws {Error} if the code of a change is not there: another version of Lit needs other changes.
 */
export const trimLit = {
  name: 'trim-lit',
  transform(code, id) {
    const changes = /node_modules\/(@lit|lit)/.test(id) ? CHANGES[id.replace(/.*\//, '')] : undefined;
    if (!changes) return null;
    const text = changes.reduce((former, [from, to]) => {
      const changed = former.replace(from, () => to);
      if (changed === former) throw new Error(`scripts/trim-lit.mjs: ${id} does not contain ${from}`);
      return changed;
    }, code);
    return { code: text, map: null };
  },
};
