import { build } from 'vite'; import zlib from 'node:zlib'; import {transform} from 'esbuild'; import fs from 'node:fs';
const gz=(s)=>zlib.gzipSync(s,{level:9}).length;
const lit={name:'lit-min',async transform(code,id){ if(!/src\/flare/.test(id))return; 
 for (const m of [...code.matchAll(/css`([^`]*)`/g)]) { const c=(await transform(m[1],{loader:'css',minify:true})).code.trim(); code=code.replace(m[0],()=>'css`'+c+'`'); console.log('css gz',gz(c)); }
 code=code.replace(/(html|svg)`[\s\S]*?`/g,s=>s.replace(/\s*\n\s*/g,' '));
 return code;}};
const run=async(ext)=>{const out = await build({ configFile:false, logLevel:'warn', root:'/work/main', plugins:[lit], build:{ write:false, target:'es2022', lib:{entry:'src/define.ts',formats:['es'],fileName:'a'}, rolldownOptions:{external:ext,preserveEntrySignatures:'allow-extension',output:{minify:true}} } });
for (const o of out[0].output) {console.log(o.fileName, o.code.length, gz(o.code)); if(o.fileName=='a.js'&&ext) fs.writeFileSync('/tmp/a.js',o.code)}};
await run(); await run(['lit']);
